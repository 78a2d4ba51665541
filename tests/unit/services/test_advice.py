"""Советы: правила команд не называют, каждый говорит о поступке по-своему, и сказано о каждом."""

import re
from pathlib import Path

import pytest

from services.advice import SLOT, WORDS, Front, worded

SERVICES = Path(__file__).resolve().parents[3] / "services"
TEXTS = {
    path.relative_to(SERVICES).as_posix(): path.read_text(encoding="utf-8")
    for folder in ("domain", "doctor")
    for path in (SERVICES / folder).glob("*.py")
}


def test_rules_name_no_command_and_no_page() -> None:
    naming = re.compile(
        r"manage\.py|portal (resume|setup)|на странице наблюдения|на этой странице|\[\[[a-z]+\]\]|раздел \["
    )
    assert [name for name, text in TEXTS.items() if naming.search(text)] == []


def test_every_deed_of_the_rules_has_words_and_every_word_a_deed() -> None:
    slots = {slot for text in TEXTS.values() for slot in SLOT.findall(text)}
    assert slots & set(WORDS) == set(WORDS)


@pytest.mark.parametrize("front", Front)
@pytest.mark.parametrize("deed", WORDS)
def test_every_front_has_its_words(deed: str, front: Front) -> None:
    assert "{" not in worded(f"Устраните причину и {{{deed}}}", front)


def test_page_calls_to_its_button_and_the_letter_to_the_page() -> None:
    assert worded("{resume}", Front.PAGE) == "нажмите «Возобновить отправку»"
    assert "на странице наблюдения" in worded("{resume}", Front.LETTER)
    assert worded("{resume}", Front.CONSOLE) == "выполните python manage.py portal resume"


def test_unknown_deed_is_an_error() -> None:
    with pytest.raises(KeyError):
        worded("{fly}", Front.PAGE)
