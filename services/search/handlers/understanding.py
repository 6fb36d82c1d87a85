"""Owns where a question is understood: in a thread when an encoder may be asked, which takes as long as a search."""

import asyncio

from services.search.ports import Understands
from services.search.understanding.model import Understanding


async def understand(text: str, language: str, understander: Understands) -> Understanding:
    """Say what a question means; other calls go on meanwhile."""
    if understander.has_encoder:
        return await asyncio.to_thread(understander.understand, text, language)
    return understander.understand(text, language)
