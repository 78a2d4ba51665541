"""Настоящий почтовый сервер на петле: STARTTLS, вход по паролю, письма в памяти."""

import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from demo.broker import free_port
from demo.portal.tls import write_certificate

LOGIN, PASSWORD = "ident", "p0chta-secret"
SENDER, RECIPIENT = "ident@clinic.example", "admin@clinic.example"


class Mailbox:
    """Почтовый сервер с одним ящиком; ``broken`` — отказывает в приёме писем."""

    def __init__(self, folder: Path) -> None:
        self.letters: list[EmailMessage] = []
        self.broken = False
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_file, key = write_certificate(folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.ca_file, key)
        self.port = free_port()
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=_authenticated,
        )

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # имя aiosmtpd
        """Принимает письмо."""
        if self.broken:
            return "451 Temporary failure"
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"

    def settings(self, **changes: object) -> dict[str, object]:
        """Возвращает раздел настроек alerts.email."""
        known = {
            "host": "127.0.0.1",
            "port": self.port,
            "login": LOGIN,
            "password": PASSWORD,
            "sender": SENDER,
            "to": [RECIPIENT],
            "ca_file": str(self.ca_file),
        }
        return {**known, **changes}

    def subjects(self) -> list[str]:
        """Возвращает темы писем."""
        return [str(letter["Subject"]) for letter in self.letters]

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()


def _authenticated(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (
        LOGIN.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=right, handled=False)
