'''Guarantees what every service may rely on when it stores something, the same on SQLite and PostgreSQL.

* A committed transaction is on disk; a failed or cancelled one leaves nothing (`engine`).
* Concurrent changes lose no update: SQLite takes the write lock first; on PostgreSQL read rows `.with_for_update()`.
* Moments are aware and in UTC; naive ones are refused (`types`).
* What is published is written in the business transaction and kept until acknowledged (`outbox`).
* What is read from others is applied once, never older after newer, and deleted stays deleted (`inbox`).
* A message that cannot be applied is kept with its reason (`parked`).
* The same request_id has one effect and one answer (`requests`).
* Code never runs on tables of a newer version (`migrations`).
* A database that is away is ComeBackLater DATABASE_UNAVAILABLE, without address or values (`failures`).

A service takes the common tables that it needs into its own registry, in `adapters/tables.py`:

    class DirectoryTable(SQLModel, registry=service_registry("directory", *outbox.TABLES, *requests.TABLES)):
        """Every table of the directory."""

    class OfferRow(DirectoryTable, table=True):
        __tablename__ = "offer"

Its revisions make all of its tables, the common ones too. Its `migrations/env.py` is:

    from services.common.db.environment import run_environment
    from services.directory.adapters.tables import DirectoryTable

    run_environment(DirectoryTable.metadata)

`python -m services.common.db.revise services/directory/migrations directory "Create offers"` writes the next revision;
`migrations.upgrade` runs them at start or in a job of their own, and a test asserts that `migrations.differences` is
empty on both engines. Statements go through `session.exec()` (SQLModel deprecates `session.execute()`), or through
`(await session.connection()).execute()` for plain SQL expressions.
'''
