"""Owns how a service's tables belong together: one registry a service, with the common tables that it asks for."""

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import registry

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints and indexes: a migration can only change what has the same name on both engines."""

COMMON = MetaData(naming_convention=NAMING)
"""Home of the common tables as `outbox`, `inbox`, `parked` and `requests` declare them; never created from here."""


def service_registry(service: str, *included: Table) -> registry:
    """Make the registry of one service's tables; `included` are common tables, e.g. `*outbox.TABLES`.

    Each service hands it to its own abstract SQLModel class, so that tables of two services never mix:

        class DirectoryTable(SQLModel, registry=service_registry("directory", *outbox.TABLES)):
    """
    metadata = MetaData(naming_convention=NAMING, info={"service": service})
    for table in included:
        table.to_metadata(metadata)
    return registry(metadata=metadata)
