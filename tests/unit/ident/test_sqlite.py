"""Перевод запросов на SQLite: верен и для потока, пришедшего, пока sqlglot ещё собирает свой диалект."""

import subprocess
import sys

from tests.support.node import ROOT

#: Первый поток застаёт диалект занесённым в список, но ещё без разбора, и ждёт там второго.
RACE = """
import sys, threading
from services.ident.sqlite import to_sqlite

SQL, found, halfway, onward = "SELECT GETDATE() AS database_now", [], threading.Event(), threading.Event()

def stops(frame, event, argument):
    known = getattr(frame.f_locals.get("cls"), "_classes", {})
    if event == "line" and frame.f_locals.get("clsname") == "TSQL" and "tsql" in known:
        halfway.set()
        onward.wait(10)
        return None
    return stops

def calls(frame, event, argument):
    code = frame.f_code
    return stops if code.co_name == "__new__" and code.co_filename.endswith("dialect.py") else None

def first():
    sys.settrace(calls)
    found.append(to_sqlite(SQL))

threads = [threading.Thread(target=first), threading.Thread(target=lambda: found.append(to_sqlite(SQL)))]
threads[0].start()
assert halfway.wait(20)
threads[1].start()
threads[1].join(1)
onward.set()
[thread.join() for thread in threads]
print(*sorted(set(found)))
"""


def test_a_query_met_halfway_through_the_dialect_is_translated_like_any_other() -> None:
    """Не так — и база, чей запрос перевели ничьим диалектом, молчала бы до перезапуска узла."""
    done = subprocess.run([sys.executable, "-c", RACE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("SELECT IDENT_NOW() AS database_now", "")
