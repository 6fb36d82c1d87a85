"""Guarantees that a mail goes out encrypted or not at all, and that each answer is told apart by what it proves.

Before the text: a code of the server for this mail is final (5xx) or passing (4xx); anything else is the server's
trouble and another try costs nothing. After the text: only an answer proves anything; silence leaves it unclear.
No text of an answer is kept or logged: servers repeat addresses in them.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPResponseException

from services.common.clock import Clock
from services.common.settings import StartupError
from services.notify.adapters.letters import message_bytes
from services.notify.domain.sending import Fate, Outcome
from services.notify.ports import Mail, Ready
from services.notify.settings import SmtpSettings

_TROUBLE = (SMTPException, OSError, TimeoutError)
"""All that a broken connection or a strange server raises; ssl's errors are OSErrors."""
_FAREWELL_SECONDS = 1.0
"""How long the server's answer to QUIT is waited for; nothing depends on it."""


class _Refused(Exception):
    """The server has said no to this very mail, before its text."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class SmtpMailer:
    """`ports.Mailer` over one submission server: one connection for each mail."""

    def __init__(self, settings: SmtpSettings, clock: Clock) -> None:
        """Read what TLS needs; raises StartupError for a CA file of no use."""
        self._settings = settings
        self._clock = clock
        try:
            self._tls = ssl.create_default_context(cafile=settings.ca_file)
        except OSError:
            raise StartupError("LOTSE_SMTP__CA_FILE: the file cannot be read or holds no certificate") from None
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2

    async def send(self, mail: Mail, ready: Ready) -> Outcome:
        """Try once; errors of `ready` pass through, and then the text is not sent."""
        content = message_bytes(mail, self._settings, self._clock())
        try:
            async with self._connected() as client:
                await self._address(client, mail.address)
                await ready()
                return await self._hand_over(client, content)
        except _Refused as refusal:
            return _before_the_text(refusal.code)
        except SMTPResponseException as error:
            return Outcome(Fate.LATER, max(error.code, 0), server=True)
        except _TROUBLE:
            return Outcome(Fate.LATER, server=True)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[SMTP]:
        """Connect, encrypt, log in. Whatever is missing raises, nothing is done without it."""
        settings = self._settings
        client = SMTP(
            hostname=settings.host,
            port=settings.port,
            local_hostname=settings.sender.rpartition("@")[2],
            timeout=settings.timeout_seconds,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=None if settings.security == "plain" else self._tls,
        )
        await client.connect()
        try:
            if settings.username is not None and settings.password is not None:
                await client.login(settings.username, settings.password.get_secret_value())
            yield client
            with suppress(*_TROUBLE):
                await client.quit(timeout=_FAREWELL_SECONDS)
        finally:
            client.close()

    async def _address(self, client: SMTP, address: str) -> None:
        """Name sender and recipient."""
        try:
            await client.mail(self._settings.envelope_sender)
            await client.rcpt(address)
        except SMTPResponseException as error:
            raise _Refused(error.code) from None

    async def _hand_over(self, client: SMTP, content: bytes) -> Outcome:
        """Send the text; from here on nothing is repeated unless the server says that it did not take it."""
        try:
            answer = await client.data(content, timeout=self._settings.data_timeout_seconds)
        except SMTPDataError as error:
            return _after_the_text(error.code)
        except _TROUBLE:
            return Outcome(Fate.UNCLEAR)
        return Outcome(Fate.TAKEN, answer.code)


def _before_the_text(code: int) -> Outcome:
    """Judge an answer to sender or recipient: nothing was sent, so whatever is not final is tried again."""
    if code // 100 == 5:
        return Outcome(Fate.REFUSED, code)
    # 421 closes the connection: the server is ending, whatever the mail.
    return Outcome(Fate.LATER, max(code, 0), server=code // 100 != 4 or code == 421)


def _after_the_text(code: int) -> Outcome:
    """Judge an answer to the text; what is no real answer leaves open what the server has done."""
    fates = {2: Fate.TAKEN, 4: Fate.LATER, 5: Fate.REFUSED}
    return Outcome(fates.get(code // 100, Fate.UNCLEAR), max(code, 0), server=code == 421)
