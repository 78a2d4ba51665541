"""Вопрос вкладки и его срок: ответа нет, и ожидание кончается само у каждого."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from plan_frontend.asking import LookupQueue, NoAnswer
from services.sync.plans import PlanQuestion
from tests.support.world import World

#: Сколько вопросов задаётся разом и сколько раз: прежде вечный находился в первых же кругах.
QUESTIONS, ROUNDS = 20, 20


def test_no_question_outlives_its_deadline(world: World) -> None:
    """redis-py посылает команду через asyncio.wait_for; в Python 3.11 тот порой глотает отмену.

    Вопрос, чей срок стоял на отмене, опрашивал тогда Redis до конца жизни страницы
    (github.com/python/cpython/issues/86296).
    """

    async def late(asker: LookupQueue, within: float) -> bool:
        try:
            await asker.ask("F1", PlanQuestion(1, None, None, ""), within)
        except NoAnswer as silence:
            return silence.late
        return False

    async def crowd() -> tuple[int, int]:
        ended = hung = 0
        with ThreadPoolExecutor(4) as executor:
            asker = LookupQueue(world.settings, executor)
            for turn in range(ROUNDS):
                spread = (0.03 + 0.0003 * ((turn * 7 + place) % 100) for place in range(QUESTIONS))
                asked = [asyncio.create_task(late(asker, within)) for within in spread]
                done, pending = await asyncio.wait(asked, timeout=30)
                ended, hung = ended + sum(task.result() for task in done), hung + len(pending)
                for task in pending:
                    task.cancel()
                if pending:
                    break
            await asker.close()
        return ended, hung

    assert asyncio.run(crowd()) == (QUESTIONS * ROUNDS, 0)
