"""Rebuilds a node's search index from outside its process, with the node's own settings."""

import time

from services.common.clock import utc_now
from services.node.cli.target import CliError
from services.node.layout import NodeLayout
from services.node.parts import NodeParts
from services.node.settings import NodeSettings
from services.search import app as search_app


async def reindex_node(layout: NodeLayout, settings: NodeSettings) -> tuple[int, float]:
    """Rebuild beside the running service; gives the number of documents and the seconds it took."""
    engine = layout.read_addresses().get("engine")
    if engine is None:
        message = "this node runs no search engine now: start it with `lotse node run`"
        raise CliError(message)
    started = time.perf_counter()
    rebuilt = await search_app.reindex(NodeParts(layout, settings, "", None, utc_now).search(engine))
    return rebuilt.records, time.perf_counter() - started
