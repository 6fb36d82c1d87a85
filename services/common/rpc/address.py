"""Guarantees that plaintext never leaves the machine: only loopback addresses are accepted for it."""

import ipaddress
from dataclasses import dataclass

from services.common.settings import StartupError


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen or whom to call: a host (name or address) and a port."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Say whether the address stays on this machine; of names only "localhost" is believed."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        """Give host:port as gRPC takes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> ListenAddress:
    """Take "host:port" or "[::1]:port" apart; raises StartupError."""
    host, _, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    bracketed = host != bare
    if not bare or (":" in bare) != bracketed or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise StartupError(f'{text}: an address is "host:port", e.g. "127.0.0.1:7070"')
    return ListenAddress(bare, int(port))


def require_loopback(address: ListenAddress) -> None:
    """Raise StartupError unless the address stays on this machine."""
    if not address.is_loopback:
        raise StartupError(
            f"{address}: without TLS only a loopback address is allowed; set a certificate or use 127.0.0.1"
        )
