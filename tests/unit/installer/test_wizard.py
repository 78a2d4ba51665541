"""Разговор установки: вопросы по порядку, понятные переспросы, секреты не на экране."""

from collections.abc import Sequence

import pytest

from config.sql_browser import SqlServer
from installer.answers import parse_answers
from installer.ports import InstallError
from installer.wizard import Wizard

WEBHOOK = "https://clinic.bitrix24.ru/rest/1/abcdef/"
FOUND = [SqlServer("SRV-IDENT", "PZSQLSERVER", 49221), SqlServer("SRV-2", "MSSQLSERVER", 1433)]


class Script:
    """Администратор, отвечающий по порядку; пустой ответ — умолчание."""

    def __init__(self, *answers: str) -> None:
        self._answers, self.said, self.secrets = list(answers), list[str](), list[str]()

    def say(self, text: str) -> None:
        self.said.append(text)

    def ask(self, question: str, default: str = "") -> str:
        self.said.append(question)
        return self._answers.pop(0) or default

    def secret(self, question: str) -> str:
        self.secrets.append(question)
        return self._answers.pop(0)

    def agree(self, question: str, default: bool = True) -> bool:
        answer = self.ask(question)
        return {"да": True, "нет": False}.get(answer, default)


def talk(
    script: Script, servers: Sequence[SqlServer] = (), drivers: Sequence[str] = ("ODBC Driver 17",)
) -> dict:  # type: ignore[type-arg]
    answers = Wizard(script, lambda: servers, lambda: drivers).answers()
    return {**answers.settings, "install": answers.install}


def test_one_branch_with_a_found_server() -> None:
    found = talk(
        Script("1", "PZ", "нет", "", "секрет", "1", "3", "Филиал Фучика", WEBHOOK, "2", "", ""), FOUND
    )
    assert found["databases"] == [
        {
            "id": "D1",
            "type": "mssql",
            "server": "SRV-IDENT",
            "instance": "PZSQLSERVER",
            "database": "PZ",
            "auth": "sql",
            "login": "ident_reader",
            "password": "секрет",
            "encrypt": "mandatory",
        }
    ]
    assert found["branches"] == [{"number": 3, "name": "Филиал Фучика", "database": "D1"}]
    assert found["portal"] == {"webhook": WEBHOOK, "category_id": 2}
    assert found["install"].redis == "own"
    assert found["install"].portal_setup is True


def test_two_branches_of_one_base_get_a_home() -> None:
    script = Script("SRV\\PZ", "", "да", "2", "1", "Первый", "2", "Второй", WEBHOOK, "", "", "нет")
    found = talk(script)
    assert [branch.get("home") for branch in found["branches"]] == [True, None]
    assert found["databases"][0]["instance"] == "PZ"
    assert found["databases"][0]["auth"] == "windows"
    assert found["install"].portal_setup is False


def test_default_instance_is_reached_by_its_port() -> None:
    found = talk(Script("2", "", "да", "1", "", "", WEBHOOK, "", "", ""), FOUND)
    assert found["databases"][0]["port"] == 1433
    assert "instance" not in found["databases"][0]


def test_wrong_webhook_and_wrong_number_are_asked_again() -> None:
    script = Script("SRV", "", "да", "один", "1", "", "", "почта", WEBHOOK, "", "", "")
    assert talk(script)["portal"]["webhook"] == WEBHOOK
    assert "Ожидается число." in script.said
    assert any("не похоже на вебхук" in line for line in script.said)


def test_secrets_are_never_shown() -> None:
    script = Script(
        "SRV", "", "нет", "", "секрет", "1", "", "", WEBHOOK, "", "нет", "", "redis://:пароль@srv/0"
    )
    found = talk(script)
    assert found["redis"] == {"url": "redis://:пароль@srv/0"}
    assert found["install"].redis == "shared"
    assert len(script.secrets) == 3
    shown = "\n".join(script.said)
    assert not [secret for secret in ("секрет", WEBHOOK, "пароль@") if secret in shown]


def test_missing_driver_is_told_before_anything_is_asked() -> None:
    script = Script("SRV", "", "да", "1", "", "", WEBHOOK, "", "", "")
    talk(script, drivers=())
    assert "ODBC Driver 17" in script.said[1]


def test_without_a_server_there_is_nothing_to_install() -> None:
    with pytest.raises(InstallError, match="сервера"):
        talk(Script(""))


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        ({"id": "D1"}, {"id": "D1", "encrypt": "mandatory"}),
        ({"id": "D1", "encrypt": "optional"}, {"id": "D1", "encrypt": "optional"}),
        ({"id": "D1", "type": "sqlite"}, {"id": "D1", "type": "sqlite"}),
        ("не раздел", "не раздел"),
    ],
)
def test_new_installation_encrypts_the_connection_unless_told_otherwise(
    database: object, expected: object
) -> None:
    assert parse_answers({"databases": [database]}).settings["databases"] == [expected]
