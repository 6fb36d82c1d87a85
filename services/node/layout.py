"""Owns where a node keeps its files: one folder, made by `lotse node init`, and who runs in it.

The folder can be moved as a whole while the node is stopped: nothing in it names its own place.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.common.settings import StartupError

SERVICE_USERS = ("directory", "search", "referral", "notify", "admin")
"""Who logs in to a node's own broker (federation.md, region.conf)."""


@dataclass(frozen=True, slots=True)
class NodeLayout:
    """The folder of one node. Everything below `keys` is secret and readable by its owner only."""

    root: Path

    @property
    def config(self) -> Path:
        """Settings, written once and edited by the operator."""
        return self.root / "node.toml"

    @property
    def keys(self) -> Path:
        """Everything secret, closed to others."""
        return self.root / "keys"

    @property
    def signing_key(self) -> Path:
        """Ed25519 key that signs the region's messages."""
        return self.keys / "signing.key"

    @property
    def sealing_key(self) -> Path:
        """X25519 key to which others seal what only this region may read."""
        return self.keys / "sealing.key"

    @property
    def smtp_password(self) -> Path:
        """Password at the mail server, put there by the operator; absent where it wants none."""
        return self.keys / "smtp-password"

    @property
    def hub_nkey(self) -> Path:
        """Seed of the nkey with which the region logs in to the hub."""
        return self.keys / "hub.nk"

    @property
    def page_token_secret(self) -> Path:
        """Secret behind page tokens, 64 hex digits."""
        return self.keys / "page-token.key"

    def broker_nkey(self, user: str) -> Path:
        """Seed with which one of SERVICE_USERS logs in to the own broker."""
        return self.keys / f"broker-{user}.nk"

    def hub_user_nkey(self, user: str) -> Path:
        """Seed of the hub's own users ("sys", "admin", "search"); on the state node only."""
        return self.keys / f"hub-{user}.nk"

    @property
    def root_key(self) -> Path:
        """The federation's root key; on the state node, until its operator takes it offline."""
        return self.keys / "federation-root.key"

    @property
    def root_public(self) -> Path:
        """The root's raw public key, 32 bytes: what a node trusts."""
        return self.root / "federation" / "root.pub"

    @property
    def members(self) -> Path:
        """The signed member list."""
        return self.root / "federation" / "members.binpb"

    @property
    def tokens(self) -> Path:
        """API tokens, hashed."""
        return self.keys / "tokens.json"

    def cli_token(self, role: str) -> Path:
        """Token that `lotse` itself uses on this machine for what a role may do."""
        return self.keys / f"cli-{role}.token"

    def database_url(self, service: str) -> str:
        """SQLite file of one service."""
        return f"sqlite+aiosqlite:///{self.root / 'data' / f'{service}.db'}"

    def server(self, name: str) -> Path:
        """Folder of one child server: "broker", "hub" or "engine"."""
        return self.root / "servers" / name

    def log(self, name: str) -> Path:
        """Log file of one process."""
        return self.root / "logs" / f"{name}.log"

    @property
    def addresses(self) -> Path:
        """Where the running node answers; `read_addresses` knows whether it is still true."""
        return self.root / "run" / "addresses.json"

    @property
    def lock(self) -> Path:
        """Held by the process that runs the node; the kernel lets it go however that process ends."""
        return self.root / "run" / "lock"

    def write_addresses(self, addresses: Mapping[str, str]) -> None:
        """Say where the node answers: one rename, so that a reader never sees half."""
        self.addresses.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.addresses.with_suffix(".new")
        fresh.write_text(json.dumps(dict(addresses), indent=1))
        fresh.rename(self.addresses)

    def read_addresses(self) -> dict[str, str]:
        """Read where the node answers; empty when it does not run, also when it was killed and left the file behind."""
        try:
            addresses = {str(key): str(value) for key, value in json.loads(self.addresses.read_text()).items()}
        except FileNotFoundError:
            return {}
        return addresses if self.is_held() else {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the folder for this process; raises StartupError when another one runs the node.

        Two at once would write the same streams and index.
        """
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(handle)
            yield
        finally:
            os.close(handle)

    def _take(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartupError(f"the node in {self.root} runs already") from None

    def is_held(self) -> bool:
        """Say whether some process runs the node, or is starting it: ask for the lock and give it back at once."""
        try:
            handle = os.open(self.lock, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def create_folders(self) -> None:
        """Make all folders; those of the keys and of the databases are closed to others."""
        for name in ("keys", "federation", "data", "servers", "logs", "run"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name in ("keys", "data"):
            (self.root / name).chmod(0o700)
