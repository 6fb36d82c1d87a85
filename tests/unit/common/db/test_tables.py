"""Tables of two services never mix, and constraints are named alike everywhere."""

from sqlmodel import Field, SQLModel

from services.common.db import inbox, outbox, parked, requests
from services.common.db.tables import COMMON, service_registry


class FirstTable(SQLModel, registry=service_registry("first", *outbox.TABLES)):
    """A service's tables."""


class SecondTable(SQLModel, registry=service_registry("second", *inbox.TABLES, *parked.TABLES, *requests.TABLES)):
    """Another service's tables."""


class FirstNoteRow(FirstTable, table=True):
    """A table of the first service; the second has one of the same name."""

    __tablename__ = "note"
    id: str = Field(primary_key=True)
    title: str = Field(unique=True)
    author: str = Field(index=True)


class SecondNoteRow(SecondTable, table=True):
    """A table of the second service."""

    __tablename__ = "note"
    id: str = Field(primary_key=True)


def test_each_service_has_its_own_tables_and_the_common_ones_it_asked_for() -> None:
    assert set(FirstTable.metadata.tables) == {"note", "outbox", "outbox_mark"}
    assert set(SecondTable.metadata.tables) == {"note", "inbox", "parked", "request"}
    assert not SQLModel.metadata.tables
    assert "note" not in COMMON.tables


def test_every_constraint_and_index_has_a_name_that_a_migration_can_use() -> None:
    table = FirstTable.metadata.tables["note"]
    assert {str(constraint.name) for constraint in table.constraints} == {"pk_note", "uq_note_title"}
    assert {str(index.name) for index in table.indexes} == {"ix_note_author"}
    outbox_table = FirstTable.metadata.tables["outbox"]
    assert {str(index.name) for index in outbox_table.indexes} == {
        "ix_outbox_target_seq",
        "ix_outbox_target_kind_record_id_seq",
    }


def test_the_metadata_knows_its_service() -> None:
    assert FirstTable.metadata.info["service"] == "first"
