"""Runs one node until it is told to stop: `python -m services.node --node DIR`, the same as `lotse node run`."""

import sys

import typer

from services.node.cli.main import run
from services.node.cli.node import run as run_node

if __name__ == "__main__":
    sys.exit(run(lambda: typer.run(run_node)))
