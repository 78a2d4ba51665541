"""Код вебхука не выходит наружу: ни в ошибке и её цепочке, ни в журнале, ни на печати."""

import copy
import io
import logging
import pickle
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from demo.broker import free_port
from demo.portal.faults import Fault, FaultKind
from demo.portal.options import PortalOptions
from demo.portal.server import PortalServer
from tests.support.http_site import SECRET, failure, open_link, running, says


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """Собирает всё, что любой журнал пишет на самом подробном уровне."""
    text, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


TROUBLES = [
    f"http://127.0.0.1:{{port}}/rest/1/{SECRET}/",
    f"https://127.0.0.1:{{port}}/rest/1/{SECRET}/",
    f"https://portal.invalid/rest/1/{SECRET}/",
    f"http://[/rest/1/{SECRET}/",
]


@pytest.mark.parametrize("url", TROUBLES)
def test_secret_is_in_no_exception_and_no_chain_of_it(url: str) -> None:
    error = failure(open_link(url.format(port=free_port())))
    assert (error.__context__, error.__cause__) == (None, None)
    told = "".join(traceback.format_exception(error)) + repr(error) + repr(error.args)
    assert SECRET not in told
    assert SECRET not in repr(vars(copy.copy(error))) + str(pickle.loads(pickle.dumps(error)))


def test_secret_is_in_no_exception_after_the_request_has_left() -> None:
    options = PortalOptions(rate=1000, threshold=1000)
    with PortalServer(options) as portal:
        portal.portal.faults.add(Fault(FaultKind.LOST_ANSWER))
        error = failure(open_link(portal.url))
    assert error.__context__ is None
    assert "demo0webhook0code" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("url", TROUBLES)
def test_secret_of_a_failed_call_is_in_no_journal_even_the_most_detailed(url: str) -> None:
    with everything_logged() as text:
        failure(open_link(url.format(port=free_port())))
    assert SECRET not in text.getvalue()


def test_secret_of_a_successful_call_is_in_no_journal_even_the_most_detailed() -> None:
    with everything_logged() as text, running(says(200, b'{"result": 1}')) as site:
        link = open_link(site.url)
        link.post("profile", {})
        link.close()
    assert SECRET not in text.getvalue()


def test_secret_is_not_printed_with_the_connection() -> None:
    link = open_link(f"https://portal.example/rest/1/{SECRET}/")
    assert SECRET not in repr(link) + str(link)
