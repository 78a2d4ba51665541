"""Службы процесса при перемене настроек: новые собираются раньше, чем уходят прежние."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.models import Settings
from config.watching import LiveFile
from tasks.process import ProcessServices
from tests.fakes import FakeJournal
from tests.support.example import example_text


class Built:
    """Службы, которые помнят, что с ними делали; ``busy`` — прежние доделывают начатое."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.journal, self.settings_refused = settings, FakeJournal(), ""
        self.busy, self.retired, self.closed = threading.Event(), threading.Event(), False
        self.busy.set()

    def prepare(self, old: "Built") -> None:
        """Не собирается, если портал — не для этого."""
        if "broken" in self.settings.portal.webhook.get_secret_value():
            raise OSError("нет файла сертификатов")

    def retire(self, seconds: float) -> None:
        """Ждёт доделывающих."""
        self.busy.wait(10)
        self.retired.set()

    def withdraw(self) -> None:
        """Ничего не отправляет."""

    def close(self) -> None:
        """Закрывается."""
        self.closed = True


@pytest.fixture
def node(tmp_path: Path) -> Any:
    """Процесс, его файл настроек и собранные службы."""
    path, moment = tmp_path / "settings.toml", [0.0]
    path.write_text(example_text(), encoding="utf-8")
    built: list[Built] = []

    def build(settings: Settings) -> Any:
        built.append(Built(settings))
        return built[-1]

    process = ProcessServices(build, lambda: LiveFile(path, lambda: moment[0]))

    def save(text: str) -> None:
        path.write_text(text, encoding="utf-8")
        moment[0] += 60

    return SimpleNamespace(process=process, save=save, built=built, text=example_text())


def test_new_settings_give_new_services_and_nobody_waits_for_the_old(node: Any) -> None:
    old = node.process.get()
    old.busy.clear()
    node.save(node.text.replace("category_id = 1", "category_id = 7"))
    fresh = node.process.get()
    assert (fresh is old, fresh.settings.portal.category_id) == (False, 7)
    assert not old.retired.is_set(), "прежние ещё доделывают, а новые уже работают"
    assert node.process.get() is fresh
    old.busy.set()
    assert old.retired.wait(10)


def test_others_go_on_with_the_old_services_while_new_ones_are_built(node: Any) -> None:
    old, inside, release = node.process.get(), threading.Event(), threading.Event()
    prepare = Built.prepare

    class Slow(Built):
        def prepare(self, old: Built) -> None:
            inside.set()
            release.wait(10)
            prepare(self, old)

    node.process._build = Slow
    node.save(node.text.replace("category_id = 1", "category_id = 7"))
    renewing = threading.Thread(target=node.process.get)
    renewing.start()
    assert inside.wait(10)
    assert node.process.get() is old
    release.set()
    renewing.join(10)
    assert node.process.get() is not old


@pytest.mark.parametrize(
    "spoil", [("category_id = 1", "category_id = -1"), ("/rest/1/code/", "/rest/1/broken/")]
)
def test_settings_that_do_not_build_leave_the_old_services_and_say_so(
    node: Any, spoil: tuple[str, str]
) -> None:
    old = node.process.get()
    node.save(node.text.replace(*spoil))
    assert node.process.get() is old
    assert not old.retired.is_set()
    assert old.settings_refused
    assert "code" not in old.settings_refused
    assert old.journal.names == ["settings_refused"]
    node.save(node.text.replace("category_id = 1", "category_id = 8"))
    assert node.process.get().settings_refused == ""


def test_redis_stays_the_same_until_a_restart(node: Any) -> None:
    """Сообщения Celery лежат в прежнем: перемена адреса на ходу остановила бы узел."""
    old = node.process.get()
    node.save(node.text.replace("127.0.0.1:6379", "127.0.0.1:6390"))
    fresh = node.process.get()
    assert fresh is not old
    assert fresh.settings.redis == old.settings.redis
    assert fresh.journal.fields("settings_need_restart") == {"sections": "redis"}


def test_process_that_never_worked_has_nothing_to_withdraw_and_close() -> None:
    services = ProcessServices()
    services.withdraw()
    services.close()
