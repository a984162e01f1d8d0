from __future__ import annotations

from typing import Any

import pytest

from bot.domain.people import PerUserMfaState
from bot.domain.sweep import Swept
from bot.errors import GraphRefused
from bot.ports import Rules
from sandbox.slack.screen import all_plain
from tests.fakes import FakeMfaSweep, an_object_id
from tests.handlers.conftest import Office, rules_with


def sweep_of(office: Office) -> FakeMfaSweep:
    sweeps: Any = office.desk.sweeps
    sweep: FakeMfaSweep = sweeps._sweep
    return sweep


def people(count: int) -> list[Swept]:
    enforced, disabled = PerUserMfaState.ENFORCED, PerUserMfaState.DISABLED
    return [
        Swept(an_object_id(n), f"p{n}@contoso.com", f"Person *{n}*", disabled if n % 2 else enforced)
        for n in range(count)
    ]


async def test_the_asker_alone_sees_how_many_and_the_first(office: Office) -> None:
    sweep_of(office).users = people(60)

    await office.people.command("U0HANA", "sweep")

    shown = await office.people.wait_for("U0HANA", "Per-user MFA is on for 30 of 60 users")
    said = shown["ephemerals"][-1]["plain"]
    for words in (
        "enforced 30",
        "p0@contoso.com",
        "p38@contoso.com",
        "10 more",
        "psso-bot sweep",
        "Read 0 s ago",
    ):
        assert words in said
    assert "p40@contoso.com" not in said
    assert "Per-user MFA is on" not in all_plain(await office.people.screen("U0OTTO"))


async def test_a_second_question_is_answered_from_the_first_sweep(office: Office) -> None:
    sweep_of(office).users = people(4)
    for user in ("U0HANA", "U0MIRA"):
        await office.people.command(user, "sweep")
        await office.people.wait_for(user, "Per-user MFA is on for 2 of 4 users")

    assert sweep_of(office).times == 1


async def test_long_work_says_that_it_reads(office: Office) -> None:
    sweep = sweep_of(office)
    sweep.users = people(4)
    sweep.goes_on.clear()

    await office.people.command("U0HANA", "sweep")
    await office.people.wait_for("U0HANA", "Reading every user")
    sweep.goes_on.set()
    await office.people.wait_for("U0HANA", "Per-user MFA is on for 2 of 4 users")


async def test_a_refusal_names_the_permission(office: Office) -> None:
    sweep_of(office).trouble = GraphRefused("the list of users", 403, needs="User.Read.All")

    await office.people.command("U0HANA", "sweep")
    await office.people.wait_for("U0HANA", "User.Read.All")


class TestWithAHelpdesk:
    @pytest.fixture
    def rules(self) -> Rules:
        return rules_with(helpdesk=frozenset({"U0HANA"}))

    async def test_others_learn_nothing(self, office: Office) -> None:
        await office.people.command("U0ADA", "sweep")
        await office.people.wait_for("U0ADA", "Only the helpdesk can ask this")
        assert sweep_of(office).times == 0
