"""A mail server on loopback that keeps what it is given and delivers nothing: the demo's and the tests' letter box.

It speaks no TLS, so the service takes it only with `security: plain`, which is possible on loopback only.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK: Final = "127.0.0.1"
_MOST_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """A mail as it came: envelope (`sender` "" for the null reverse-path), raw bytes, and the same read."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail, read."""
        message: EmailMessage = message_from_bytes(self.raw, policy=policy.default)
        return message

    @property
    def subject(self) -> str:
        """Its subject, read."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """Its plain text."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """Its HTML."""
        return self._body("html")

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return "" if part is None else str(part.get_content())


# No slots: aiosmtpd looks at every member of a handler, and one of a slotted dataclass cannot be read before Python
# 3.11.3 (the copied class keeps the `__weakref__` of the first), so Debian 12's Python would refuse every connection.
@dataclass
class Catcher:
    """What came so far, oldest first; the oldest of more than a thousand are forgotten."""

    port: int
    messages: deque[CaughtMail] = field(default_factory=lambda: deque(maxlen=_MOST_KEPT))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """Keep a mail; called by the server."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        sender = (envelope.mail_from or "").strip("<>")
        self.messages.append(CaughtMail(sender, tuple(envelope.rcpt_tos), raw))
        return "250 OK"


@asynccontextmanager
async def running_catcher(port: int = 0) -> AsyncIterator[Catcher]:
    """Take mails on loopback while the block runs; port 0 takes a free one. Raises OSError for a port in use."""
    catcher = Catcher(port)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(catcher, hostname="catcher.invalid", ident="Lotse catcher", loop=loop), LOOPBACK, port
    )
    catcher.port = server.sockets[0].getsockname()[1]
    try:
        yield catcher
    finally:
        server.close()
        await server.wait_closed()
