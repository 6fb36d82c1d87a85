"""Mail servers for tests: aiosmtpd's, which misbehaves as told, and Twisted's in a process of its own, with TLS."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.common.clock import utc_now
from services.node.servers.child import ChildSpec, running_child
from services.node.servers.ports import free_port

LOOPBACK = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Certificate:
    """A server's certificate for 127.0.0.1 and the authority that made it, as PEM files."""

    ca_file: Path
    certificate_file: Path
    key_file: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate_file, self.key_file)
        return context


def make_certificate(folder: Path, address: str = LOOPBACK) -> Certificate:
    """Make a fresh authority and a certificate for one address."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    ca = _builder(ca_name, ca_name, ca_key).add_extension(x509.BasicConstraints(True, None), critical=True)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
    server = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server")])
    leaf = _builder(server, ca_name, key).add_extension(names, critical=False)
    made = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    made.ca_file.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    made.certificate_file.write_bytes(leaf.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    made.key_file.write_bytes(key.private_bytes(pem, form, plain))
    return made


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = utc_now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
    )


@dataclass
class FaultyServer:
    """A mail server whose next answers a test sets; without any it takes everything.

    `after_text` may be "hang" (no answer until `released`), "drop" (the connection breaks), or an answer.
    """

    port: int = 0
    connections: int = 0
    on_mail: list[str] = field(default_factory=list)
    on_rcpt: list[str] = field(default_factory=list)
    after_text: list[str] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    """Every text that came, whatever was answered."""
    taken: list[bytes] = field(default_factory=list)
    """Texts that were answered with 250."""
    senders: list[str] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_EHLO(self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: Any) -> Any:  # noqa: N802
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        self.senders.append(address)
        return self.on_mail.pop(0) if self.on_mail else "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.on_rcpt.pop(0) if self.on_rcpt else "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.texts.append(envelope.content)
        answer = self.after_text.pop(0) if self.after_text else "250 OK"
        if answer == "hang":
            await self.released.wait()
        if answer == "drop":
            server.transport.abort()
        if answer.startswith("250"):
            self.taken.append(envelope.content)
        return answer if answer[:1].isdigit() else "451 never seen"

    def message(self, index: int = -1) -> EmailMessage:
        """Read a text that came."""
        message: EmailMessage = message_from_bytes(self.texts[index], policy=policy.default)
        return message


@asynccontextmanager
async def running_faulty(
    certificate: Certificate | None = None, *, port: int = 0, implicit_tls: bool = False
) -> AsyncIterator[FaultyServer]:
    """Run one on loopback; with a certificate it offers STARTTLS, or speaks TLS from the first byte."""
    server = FaultyServer(port)
    loop = asyncio.get_running_loop()
    context = None if certificate is None else certificate.server_context()

    def factory() -> SMTP:
        return SMTP(server, hostname="faulty.invalid", loop=loop, tls_context=None if implicit_tls else context)

    listener = await loop.create_server(factory, LOOPBACK, port, ssl=context if implicit_tls else None)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.released.set()
        listener.close()
        await listener.wait_closed()


@dataclass(frozen=True)
class OtherServer:
    """Twisted's mail server: each mail it took is a file in `folder`, its envelope in the first two lines."""

    port: int
    folder: Path

    def mails(self) -> list[tuple[str, str, bytes]]:
        """Give (sender, recipient, text) of every mail, oldest first."""
        found = []
        for path in sorted(self.folder.glob("*.mail")):
            sender, recipient, text = path.read_bytes().split(b"\n", 2)
            found.append((sender.decode(), recipient.decode(), text))
        return found


@asynccontextmanager
async def running_other(folder: Path, certificate: Certificate) -> AsyncIterator[OtherServer]:
    """Run Twisted's ESMTP server in a process of its own; it stores in `folder`, takes nothing without STARTTLS."""
    port = free_port()
    program = str(ROOT / "tests" / "support" / "other_mail_server.py")
    files = (str(certificate.certificate_file), str(certificate.key_file))
    spec = ChildSpec(
        name="other-mail-server",
        command=(sys.executable, program, str(port), *files, str(folder)),
        log_path=folder / "server.log",
        env={},
    )

    async def greets() -> bool:
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            return False
        try:
            async with asyncio.timeout(2):
                return (await reader.readline()).startswith(b"220")
        except TimeoutError:
            return False
        finally:
            writer.close()

    async with running_child(spec) as child:
        await child.until_ready(greets, deadline_seconds=30)
        yield OtherServer(port, folder)
