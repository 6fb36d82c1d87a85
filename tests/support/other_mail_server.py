"""Twisted's ESMTP server as a program: PORT CERTIFICATE KEY FOLDER. Takes nothing without TLS, stores what it takes."""

import sys
from pathlib import Path
from typing import Any

from twisted.internet import defer, reactor, ssl
from twisted.internet.protocol import Factory
from twisted.mail import smtp as twisted_smtp
from zope.interface import implementer  # type: ignore[import-untyped]  # it ships no types

smtp: Any = twisted_smtp
tls: Any = ssl


@implementer(smtp.IMessage)
class Stored:
    """Writes one mail into a file once it is whole."""

    def __init__(self, path: Path, envelope: bytes) -> None:
        self._path = path
        self._lines = [envelope]

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        self._lines.append(line)

    def eomReceived(self) -> Any:  # noqa: N802 - Twisted's name
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(b"\n".join(self._lines) + b"\n")
        fresh.rename(self._path)
        return defer.succeed(None)

    def connectionLost(self) -> None:  # noqa: N802 - Twisted's name
        self._lines = []


@implementer(smtp.IMessageDelivery)
class Delivery:
    """Takes everything that comes over TLS."""

    def __init__(self, protocol: Any, folder: Path) -> None:
        self._protocol = protocol
        self._folder = folder
        self._sender = b""

    def receivedHeader(self, _helo: Any, _origin: Any, _recipients: Any) -> bytes:  # noqa: N802 - Twisted's name
        return b"Received: by other-mail-server"

    def validateFrom(self, _helo: Any, origin: Any) -> Any:  # noqa: N802 - Twisted's name
        if not self._protocol.startedTLS:
            raise smtp.SMTPBadSender(origin, 530, b"STARTTLS first")
        self._sender = bytes(origin.addrstr)
        return origin

    def validateTo(self, user: Any) -> Any:  # noqa: N802 - Twisted's name
        number = len(list(self._folder.glob("*.mail")))
        envelope = self._sender.strip(b"<>") + b"\n" + bytes(user.dest.addrstr).strip(b"<>")
        return lambda: Stored(self._folder / f"{number:04}.mail", envelope)


def main(arguments: list[str]) -> None:
    """Serve until the process is ended."""
    port, certificate, key, folder = arguments
    context = tls.DefaultOpenSSLContextFactory(key, certificate)

    class Server(Factory):
        def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's name
            protocol = smtp.ESMTP(contextFactory=context)
            protocol.delivery = Delivery(protocol, Path(folder))
            protocol.factory = self
            return protocol

    loop: Any = reactor
    loop.listenTCP(int(port), Server(), interface="127.0.0.1")
    loop.run()


if __name__ == "__main__":
    main(sys.argv[1:])
