"""Канал «почта»: SMTP с STARTTLS или сразу TLS; без шифрования — только сервер этого компьютера."""

import smtplib
import ssl
from email.header import Header
from email.message import Message
from email.mime.text import MIMEText
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING

from services.alerts.message import PRODUCT
from services.ports import ChannelError, Notice

if TYPE_CHECKING:
    from config.models import EmailSettings

TIMEOUT_SECONDS = 20.0


class EmailChannel:
    """Письма администраторам."""

    name = "почта"

    def __init__(self, settings: "EmailSettings") -> None:
        self._settings = settings

    def send(self, notice: Notice) -> None:
        """Отправляет письмо; сбой — ChannelError с тем, что проверить."""
        try:
            with self._connected() as server:
                server.send_message(letter(notice, self._settings))
        except smtplib.SMTPAuthenticationError:
            raise ChannelError(
                "почтовый сервер не принял логин или пароль: alerts.email.login, password"
            ) from None
        except smtplib.SMTPRecipientsRefused:
            raise ChannelError("почтовый сервер не принял получателя: проверьте alerts.email.to") from None
        except smtplib.SMTPNotSupportedError:
            raise ChannelError(
                "почтовый сервер не умеет STARTTLS или вход: проверьте port и security"
            ) from None
        except ssl.SSLError:
            raise ChannelError(
                "сертификат почтового сервера не принят: проверьте host или укажите alerts.email.ca_file"
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            host, port = self._settings.host, self._settings.port
            raise ChannelError(
                f"почтовый сервер {host}:{port} не отвечает ({type(error).__name__})"
            ) from None

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        context = ssl.create_default_context(cafile=settings.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # ТЗ 4.2.1
        if settings.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_SECONDS)
        try:
            if settings.security == "starttls":
                server.starttls(context=context)
            if settings.login and settings.password:
                server.login(settings.login, settings.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server


def letter(notice: Notice, settings: "EmailSettings") -> Message:
    """Составляет письмо; автоответчики на него не отвечают."""
    message = MIMEText(notice.text, "plain", "utf-8")
    # EmailMessage, перенося длинную русскую тему, теряет пробел между словами; Header — нет.
    message["Subject"] = Header(f"[{PRODUCT}] {notice.title}", "utf-8")  # type: ignore[assignment]
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.to)
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2].rstrip(">") or None)
    message["Auto-Submitted"] = "auto-generated"
    return message
