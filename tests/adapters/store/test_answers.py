"""Answers and changes in a real store."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.adapters.store.answers import RedisAnswers
from bot.adapters.store.change_log import RedisChangeLog
from bot.adapters.store.connection import Link
from tests.adapters.answers_contract import ADA, AnswersContract, ChangeLogContract, an_answer


@pytest.fixture
def answers(link: Link) -> RedisAnswers:
    return RedisAnswers(link.actions, "contoso")


@pytest.fixture
def change_log(link: Link) -> RedisChangeLog:
    return RedisChangeLog(link.actions, "contoso")


class TestRedisAnswers(AnswersContract):
    pass


class TestRedisChangeLog(ChangeLogContract):
    pass


async def test_answer_of_another_version_is_gone(link: Link, answers: RedisAnswers) -> None:
    await answers.keep(an_answer(), ADA, timedelta(seconds=30), timedelta(hours=1))
    await link.actions.command("SET", "{t:contoso}:answer:answer-1", '{"id": "answer-1"}')

    assert await answers.recent(ADA) is None
