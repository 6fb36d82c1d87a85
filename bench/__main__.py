"""Runs the benchmarks and prints one JSON object: each figure beside its raw peer of the same run, as a ratio.

    python -m bench [NAME ...] [--quick] [--out FILE]

Names: rpc, understanding, relay, latency, referral, rebuild, search. `--quick` takes small sizes: do they run?
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import latency, rebuild, referral, relay, rpc, search, understanding
from services.common.log import configure_logging

Result = dict[str, Any]


def benchmarks(*, quick: bool) -> dict[str, Callable[[], Awaitable[Result]]]:
    """Give each benchmark by name, in the order in which they run."""
    return {
        "rpc": rpc.run,
        "understanding": understanding.run,
        "relay": lambda: relay.run(2_000 if quick else 10_000),
        "latency": lambda: latency.run(20 if quick else 200),
        "referral": lambda: referral.run(5 if quick else 50),
        "rebuild": lambda: rebuild.run(2_000 if quick else 20_000),
        "search": lambda: search.run((2_000,) if quick else (10_000, 100_000)),
    }


async def run(names: list[str], *, quick: bool) -> Result:
    """Run the named benchmarks one after the other; progress goes to stderr.

    One that fails is reported as {"error": …}, and the others still run: an hour's figures are not lost with it.
    """
    chosen = benchmarks(quick=quick)
    results: Result = {}
    for name in names or list(chosen):
        print(f"bench: {name} …", file=sys.stderr, flush=True)
        try:
            results[name] = await chosen[name]()
        except Exception as failure:  # noqa: BLE001 - whatever it was, it is told here and in the exit code
            traceback.print_exc()
            results[name] = {"error": f"{type(failure).__name__}: {failure}"}
    return results


def main() -> int:
    """Parse the command line, run, print; the exit code says whether all of them ran."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*benchmarks(quick=True), []], metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    configure_logging("ERROR")
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    report: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "results": asyncio.run(run(options.names, quick=options.quick)),
    }
    text = json.dumps(report, indent=1, ensure_ascii=False)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    return int(any("error" in result for result in report["results"].values()))


if __name__ == "__main__":
    sys.exit(main())
