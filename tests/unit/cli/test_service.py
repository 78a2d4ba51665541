"""Установка службой: что сказано раньше, чем тронута система."""

from pathlib import Path

import pytest

from cli.service import main
from installer.layout import linux_layout

pytestmark = pytest.mark.windows_cannot("systemd")


def test_second_installation_says_that_the_answers_are_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = linux_layout(tmp_path).settings
    settings.parent.mkdir(parents=True)
    settings.touch()
    (tmp_path / "program").mkdir()
    answers = [
        "--answers",
        str(tmp_path / "другие.toml"),
        "--root",
        str(tmp_path),
        "--package",
        str(tmp_path),
    ]
    code = main(["install", *answers])
    said = capsys.readouterr()
    assert code != 0
    assert "файл ответов не читаю" in said.out + said.err


@pytest.mark.skipif(Path("/run/systemd/system").is_dir(), reason="здесь systemd есть")
def test_linux_without_systemd_is_refused_in_words_before_anything_is_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["install", "--package", str(tmp_path)])
    said = capsys.readouterr()
    assert code != 0
    assert any(words in said.out + said.err for words in ("без systemd", "Нужны права администратора"))
    assert list(tmp_path.iterdir()) == []
