"""Owns who may call what: the desks read what they are told, coordination decides who is told, and only here."""

from lotse.notify.v1.notify_service_pb2 import DESCRIPTOR
from services.common.rpc.access import Access, AccessTable, rows
from services.common.rpc.callers import Role

SERVICE = DESCRIPTOR.services_by_name["NotifyService"].full_name
"""Full name of the service."""

_DESKS = Access(frozenset({Role.COUNSELLOR, Role.HOTLINE, Role.EDITOR}), "own")
_COORDINATION = Access(frozenset({Role.OPERATOR, Role.COORDINATOR}), "own")

ACCESS: AccessTable = {
    **rows(SERVICE, _DESKS, "ListNotifications", "WatchNotifications", "AcknowledgeNotification"),
    **rows(SERVICE, _COORDINATION, "CreateRecipient", "GetRecipient", "ListRecipients"),
    **rows(SERVICE, _COORDINATION, "UpdateRecipient", "DeleteRecipient"),
    **rows(SERVICE, _COORDINATION, "ListDeliveries", "ResendDelivery"),
}
"""Every method and who may use it."""
