"""The whole set-up in one command: after it, a fresh clone can run (`run`) or be worked on (`dev`).

    python3 services/node/install/environment.py run|dev

It makes a virtual environment (`.venv`, or what LOTSE_VENV names), installs the hash-pinned packages and this project
into it, then OpenSearch into the user's cache. It may be interrupted at any moment and run again; when nothing is to
do it ends in silence within a fraction of a second. Pip's configuration, mirrors and proxies are the user's own.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MINIMUM_PYTHON = (3, 11)

if not __package__:
    # Run by its path, before anything is installed: import from the checkout, and not from this folder.
    sys.path[0] = str(ROOT)


def main(arguments: list[str]) -> int:
    """Check the interpreter, then go through the stages; the exit code.

    The imports wait for the check: an older Python must meet a clear text and not our syntax.
    """
    if sys.version_info[:2] < MINIMUM_PYTHON:
        from services.node.install.messages import say, wrong_python

        say(wrong_python(".".join(map(str, sys.version_info[:3]))))
        return 1
    from services.node.install.stages import set_up

    return set_up(arguments, ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
