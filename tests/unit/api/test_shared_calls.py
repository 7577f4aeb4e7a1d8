"""Calls that several requests need at the same moment."""

import asyncio
import threading

import pytest

from kapell.api.shared_calls import SharedCalls


class Database:
    """Answers when it is let: counts how often it was asked."""

    def __init__(self):
        self.asked = []
        self.may_answer = threading.Event()

    def ask(self, question):
        self.asked.append(question)
        self.may_answer.wait(10)
        if question == "wrong":
            raise LookupError(question)
        return f"answer to {question}"


@pytest.fixture
def database():
    database = Database()
    yield database
    database.may_answer.set()


async def test_many_who_ask_the_same_ask_once(database):
    calls = SharedCalls()
    asking = [asyncio.create_task(calls.call("a", database.ask, "a")) for _ in range(50)]
    other = asyncio.create_task(calls.call("b", database.ask, "b"))
    await asyncio.sleep(0.05)
    database.may_answer.set()
    assert set(await asyncio.gather(*asking)) == {"answer to a"}
    assert await other == "answer to b"
    assert sorted(database.asked) == ["a", "b"]


async def test_what_was_answered_is_asked_anew(database):
    calls = SharedCalls()
    database.may_answer.set()
    for _ in range(3):
        await calls.call("a", database.ask, "a")
    assert database.asked == ["a", "a", "a"]


async def test_all_are_told_of_an_error(database):
    calls = SharedCalls()
    database.may_answer.set()
    asking = [asyncio.create_task(calls.call("a", database.ask, "wrong")) for _ in range(5)]
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(each) for each in found] == [LookupError] * 5


async def test_one_who_leaves_takes_nothing_from_the_others(database):
    calls = SharedCalls()
    leaving, staying = [asyncio.create_task(calls.call("a", database.ask, "a")) for _ in range(2)]
    await asyncio.sleep(0.05)
    leaving.cancel()
    await asyncio.sleep(0.05)
    database.may_answer.set()
    assert await staying == "answer to a"
    assert database.asked == ["a"]
