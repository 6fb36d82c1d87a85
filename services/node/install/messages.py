"""What the set-up says on the terminal, and the one error it ends with.

Runs before anything is installed: standard library only.
"""

import sys


class SetupError(Exception):
    """The set-up cannot go on; the text tells the user what to do. Printed without a traceback, exit code 1."""


def say(text: str) -> None:
    """One line of progress, shown at once even when the output is a pipe."""
    print(f"lotse set-up: {text}", file=sys.stderr, flush=True)


def wrong_python(found: str) -> str:
    """The interpreter is too old; FOUND is its version."""
    return (
        f"Lotse needs Python 3.11 or newer, this is {found}. Install one (Debian 12: apt-get install python3 "
        "python3-venv) and name it: make PYTHON=python3.12 demo"
    )


def packages_failed(exit_code: int) -> str:
    """Pip gave up; its own output, just above, has the cause."""
    return (
        f"pip ended with code {exit_code}, see its last lines above. What to do:\n"
        "  - no network or a proxy: set HTTPS_PROXY (and NO_PROXY), then run the same command again\n"
        "  - a mirror of your own: set PIP_INDEX_URL, or run `pip config set global.index-url URL`\n"
        "  - a certificate authority of your own: set PIP_CERT\n"
        "  - a time-out: run the same command again, what was downloaded is kept\n"
        "  - a hash that does not match: do not go on; the mirror serves a file other than the one reviewed"
    )


def download_failed(what: str, cause: str) -> str:
    """A part of OpenSearch could not be fetched. CAUSE is a kind of error: its text could hold a mirror's password."""
    return (
        f"could not download {what} ({cause}). What to do:\n"
        "  - no network or a proxy: set HTTPS_PROXY (and NO_PROXY), then run the same command again\n"
        "  - a Maven mirror of your own: set LOTSE_MAVEN_URL to its address\n"
        "  - mirrors and logins in Maven's own settings: .venv/bin/python -m services.node.install.opensearch "
        "install --client mvn\n"
        "  - a certificate authority of your own: set REQUESTS_CA_BUNDLE\n"
        "  - a time-out: run the same command again, what was downloaded is kept"
    )


def no_venv_support(package: str) -> str:
    """Neither `ensurepip` nor a usable pip; PACKAGE is what Debian calls the missing piece."""
    return (
        "this Python can make no virtual environment: it has neither `ensurepip` nor pip 22.3 or newer. "
        f"Install them (Debian, Ubuntu: sudo apt-get install {package}), then run the same command again"
    )
