"""Guarantees logs that a machine can read and that hold no personal data.

An event is "noun.past-verb" with fields. Exceptions are logged by type and place (file, line, function), never with
their text, values or local variables: texts of database and validation errors repeat what people entered.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog


def configure_logging(level: str = "INFO", stream: TextIO = sys.stderr, *, human: bool = False) -> None:
    """Send all logs to `stream`, one JSON object a line, or coloured lines when `human`."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=lambda _stream, _info: None)
        if human
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            where_it_broke,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    # Third-party libraries log whole exceptions and arguments, so theirs stay silent: our own events tell what broke.
    logging.basicConfig(level=logging.CRITICAL, force=True)


def where_it_broke(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace exc_info by the exception's types and places, outermost first, without any text of theirs."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info
    if not isinstance(error, BaseException):
        return event
    event["error"] = type(error).__name__
    event["cause"] = [type(cause).__name__ for cause in causes(error)]
    event["places"] = [
        f"{frame.filename.rsplit('/site-packages/')[-1].rsplit('/services/')[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-12:]
    ]
    return event


def causes(error: BaseException) -> list[BaseException]:
    """Follow an exception to what it was raised from, nearest first, at most five steps."""
    found: list[BaseException] = []
    step = error.__cause__ or error.__context__
    while step is not None and len(found) < 5:
        found.append(step)
        step = step.__cause__ or step.__context__
    return found
