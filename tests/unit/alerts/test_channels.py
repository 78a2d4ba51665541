"""Каналы уведомлений: настоящий почтовый сервер, настоящая библиотека apprise, портал-эмулятор."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.models import EmailSettings
from demo.portal.faults import Fault, FaultKind
from services.alerts.apprise import AppriseChannel
from services.alerts.bitrix import BitrixChannel
from services.alerts.email import EmailChannel
from services.alerts.message import alarm_notice, clear_notice, trial_notice
from services.domain.alarms import Alarm, Cause
from services.domain.notices import Memory
from services.ports import ChannelError, Notice
from tests.support.mailbox import PASSWORD, Mailbox
from tests.support.world import World

NOTICE = Notice("disk", "Диск занят на 99%", "Освободите место.\n\nКомпьютер SRV-1")
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
MOSCOW = timezone(timedelta(hours=3))


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    """Работающий почтовый сервер."""
    with Mailbox(tmp_path / "mail") as box:
        yield box


def channel(mailbox: Mailbox, **changes: object) -> EmailChannel:
    """Канал почты к этому серверу."""
    return EmailChannel(EmailSettings.model_validate(mailbox.settings(**changes)))


def test_letter_arrives_encrypted_and_says_what_to_do(mailbox: Mailbox) -> None:
    channel(mailbox).send(NOTICE)
    (letter,) = mailbox.letters
    assert letter["Subject"] == "[Ident → Битрикс24] Диск занят на 99%"
    assert letter["To"] == "admin@clinic.example"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "Освободите место" in letter.get_content()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"password": "wrong-secret"}, "не принял логин или пароль"),
        ({"port": 1}, "не отвечает"),
        ({"ca_file": None}, "сертификат"),
        ({"security": "tls"}, "сертификат"),
        ({"security": "none"}, "не умеет STARTTLS или вход"),
    ],
)
def test_trouble_with_the_server_says_what_to_check(
    mailbox: Mailbox, changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ChannelError, match=complaint) as caught:
        channel(mailbox, **changes).send(NOTICE)
    assert PASSWORD not in str(caught.value)


def test_server_that_refuses_the_letter_is_named(mailbox: Mailbox) -> None:
    mailbox.broken = True
    with pytest.raises(ChannelError, match="не отвечает"):
        channel(mailbox).send(NOTICE)


def test_mail_without_encryption_is_refused_outside_this_computer(mailbox: Mailbox) -> None:
    with pytest.raises(ValidationError, match="на этом компьютере"):
        EmailSettings.model_validate(mailbox.settings(host="smtp.example.ru", security="none"))


def test_portal_shows_the_notice_and_a_repeat_replaces_it(world: World) -> None:
    channel = BitrixChannel(world.services.client, [1, 5])
    channel.send(NOTICE)
    channel.send(Notice("disk", "Диск занят на 100%", "Освободите место"))
    notes = world.portal.state.notifications
    assert [note["user_id"] for note in notes] == [1, 5]
    assert {note["tag"] for note in notes} == {"ident|disk"}
    assert all("100%" in note["text"] for note in notes)


def test_unknown_employee_is_named(world: World) -> None:
    with pytest.raises(ChannelError, match="сотрудникам 77"):
        BitrixChannel(world.services.client, [1, 77]).send(NOTICE)
    assert len(world.portal.state.notifications) == 1


def test_revoked_webhook_is_a_trouble_of_the_channel(world: World) -> None:
    world.portal.portal.faults.add(Fault(FaultKind.UNAUTHORIZED, times=None))
    with pytest.raises(ChannelError, match="вебхук"):
        BitrixChannel(world.services.client, [1]).send(NOTICE)


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Служба, принимающая уведомления JSON, и то, что она приняла."""
    taken: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # имя http.server
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}/", taken
    server.shutdown()
    server.server_close()


def test_apprise_delivers_through_its_own_library(hook: tuple[str, list[dict[str, str]]]) -> None:
    url, taken = hook
    AppriseChannel([url]).send(NOTICE)
    assert taken[0]["title"] == "Диск занят на 99%"


@pytest.mark.parametrize(
    ("url", "complaint"), [("nonsense", "не годится"), ("json://127.0.0.1:1/t0k3nt0k3n", "не приняла")]
)
def test_trouble_of_apprise_keeps_the_address_secret(url: str, complaint: str) -> None:
    with pytest.raises(ChannelError, match=complaint) as caught:
        AppriseChannel([url]).send(NOTICE)
    assert "t0k3n" not in str(caught.value)


def test_alarm_becomes_a_text_with_advice() -> None:
    alarm = Alarm(Cause.DISK, "Диск занят", "Журналы ограничены", "Освободите место")
    notice = alarm_notice(alarm, NOW, MOSCOW)
    assert (notice.key, notice.title) == ("disk", "Диск занят")
    assert "Что делать: Освободите место." in notice.text
    assert "24.11.2026 12:00" in notice.text


def test_all_clear_names_what_has_gone() -> None:
    known = Memory("Диск занят", NOW - timedelta(minutes=40), NOW - timedelta(minutes=5), True)
    notice = clear_notice("disk", known, NOW, MOSCOW)
    assert notice.title == "Отбой: Диск занят"
    assert "прошло 35 мин" in notice.text


def test_trial_says_it_is_a_trial() -> None:
    assert "проба" in trial_notice(NOW, MOSCOW).text
