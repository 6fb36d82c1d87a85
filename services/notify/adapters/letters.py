"""Guarantees mails that every server can carry and that nobody can smuggle a header into.

`EmailMessage` refuses line breaks in headers; bodies are encoded to 7 bit, so no line is too long and none begins with
a dot of ours. Headers tell other programs to leave the mail unanswered (RFC 3834).
"""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from services.notify.domain.addresses import takes_mail
from services.notify.ports import Mail
from services.notify.settings import SmtpSettings

_POLICY = SMTP.clone(cte_type="7bit")


def message_bytes(mail: Mail, settings: SmtpSettings, moment: datetime) -> bytes:
    """Write a mail as it travels: plain text and HTML; raises ValueError for an address or subject with a line break.

    The Message-ID is the delivery's: when a person sends it again, the receiving side can tell that it is the same.
    """
    if not takes_mail(mail.address):
        raise ValueError("no mail can be addressed so")
    user, _, domain = settings.sender.rpartition("@")
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(settings.sender_name, user, domain)
    message["To"] = Address(addr_spec=mail.address)
    message["Subject"] = mail.letter.subject
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = f"<{mail.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.letter.text)
    message.add_alternative(mail.letter.html, subtype="html")
    return message.as_bytes()
