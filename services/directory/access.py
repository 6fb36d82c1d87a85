"""Owns who may call what: editors write, everybody who works with the directory reads, and only this region's."""

from lotse.directory.v1.directory_service_pb2 import DESCRIPTOR
from services.common.rpc.access import Access, AccessTable, rows
from services.common.rpc.callers import Role

SERVICE = DESCRIPTOR.services_by_name["DirectoryService"].full_name
"""Full name of the service."""

_READERS = frozenset(
    {Role.EDITOR, Role.COUNSELLOR, Role.COORDINATOR, Role.HOTLINE, Role.READER, Role.SERVICE, Role.OPERATOR}
)
_READ = Access(_READERS, "own")
_WRITE = Access(frozenset({Role.EDITOR}), "own")

ACCESS: AccessTable = {
    **rows(SERVICE, _READ, "GetPartner", "ListPartners", "GetSite", "ListSites"),
    **rows(SERVICE, _READ, "GetOffer", "ListOffers", "ListOfferRevisions"),
    **rows(SERVICE, _WRITE, "CreatePartner", "UpdatePartner", "DeletePartner", "UndeletePartner"),
    **rows(SERVICE, _WRITE, "CreateSite", "UpdateSite", "DeleteSite", "UndeleteSite"),
    **rows(SERVICE, _WRITE, "CreateOffer", "UpdateOffer", "DeleteOffer", "UndeleteOffer", "BatchCreateOffers"),
    **rows(SERVICE, _WRITE, "PublishOffer", "PauseOffer", "EndOffer", "ConfirmOffer"),
}
"""Every method and who may use it."""
