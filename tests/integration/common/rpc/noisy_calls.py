"""Run as a process: puts a canary into every place that a caller reaches, and logs at DEBUG.

What the test then reads is all that this process ever wrote: its log, gRPC's own and Python's warnings.
"""

import asyncio
import logging
import sys
import tempfile
from pathlib import Path

import grpc

from lotse.directory.v1 import offer_pb2, offer_requests_pb2
from services.common.log import configure_logging
from tests.integration.common.rpc.small_directory import CREATE, GET, raw_call, small_directory


async def make_noise(canary: str) -> None:
    """Call with the canary as name, field, token, language, trace, method, and in two exceptions of the handler."""
    good = offer_requests_pb2.GetOfferRequest(name=f"regions/dresden/offers/{canary}").SerializeToString()
    bad = offer_requests_pb2.CreateOfferRequest(
        parent=canary, offer=offer_pb2.Offer(partner=canary)
    ).SerializeToString()

    async def fail() -> None:
        raise RuntimeError(canary) from ValueError(canary)

    with tempfile.TemporaryDirectory() as folder:
        async with small_directory(Path(folder)) as ground, grpc.aio.insecure_channel(ground.target) as channel:
            editor = ground.tokens["editor"]
            await raw_call(channel, GET, good, editor, 5.0, ("accept-language", canary), ("traceparent", canary))
            ground.servicer.step = fail
            hostile = [(GET, good, editor), (CREATE, bad, editor), (GET, canary.encode(), editor)]
            hostile += [
                (GET, good, canary),
                (GET, good, f"lotse_{canary}_{canary}"),
                (f"/{canary}/{canary}", good, editor),
            ]
            for path, body, token in hostile:
                try:
                    await raw_call(channel, path, body, token)
                except grpc.aio.AioRpcError as error:
                    sys.stdout.write(f"{error.code().name}\n")


if __name__ == "__main__":
    configure_logging("DEBUG")
    logging.getLogger("grpc").setLevel(logging.DEBUG)
    asyncio.run(make_noise(sys.argv[1]))
