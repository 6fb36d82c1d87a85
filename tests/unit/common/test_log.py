"""A log tells types and places of what broke, and never a text or a value."""

import subprocess
import sys
from pathlib import Path

from services.common.log import causes, where_it_broke

ROOT = Path(__file__).parents[3]

SCRIPT = """
import logging, structlog
from services.common.log import configure_logging
configure_logging("{level}", human={human})
log = structlog.get_logger()
def fail(secret):
    local = secret
    raise RuntimeError(secret) from ValueError(local)
log.debug("offer.seen", offer_id="1")
try:
    fail("canary")
except RuntimeError as error:
    log.error("offer.lost", exc_info=True)
    log.exception("offer.lost")
    log.error("offer.lost", exc_info=error)
logging.getLogger("third.party").error("canary %s", "canary", exc_info=RuntimeError("canary"))
"""


def run(level: str, *, human: bool) -> str:
    script = SCRIPT.format(level=level, human=human)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""
    return done.stderr


def test_a_failure_is_logged_by_type_cause_and_place_only() -> None:
    log = run("INFO", human=False)
    assert "canary" not in log
    assert len(log.splitlines()) == 3
    for line in log.splitlines():
        assert '"error": "RuntimeError"' in line
        assert '"cause": ["ValueError"]' in line
        assert ":9 fail" in line or " fail" in line
    assert "offer.seen" not in log


def test_the_log_for_people_holds_no_more() -> None:
    log = run("DEBUG", human=True)
    assert "canary" not in log
    assert "offer.seen" in log


def test_an_event_without_an_exception_stays_as_it_is() -> None:
    assert where_it_broke(None, "info", {"event": "a.b", "count": 1}) == {"event": "a.b", "count": 1}
    assert where_it_broke(None, "info", {"event": "a.b", "exc_info": None}) == {"event": "a.b"}


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert len(causes(first)) == 5
