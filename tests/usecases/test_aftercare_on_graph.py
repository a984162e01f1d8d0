"""What follows a change, on the invented tenant's Graph: other administrators and Macs act, the bot reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from bot.adapters.graph.audits import GraphDirectoryAudits
from bot.adapters.graph.budget import LocalBudget
from bot.adapters.graph.credentials import Access, FixedToken
from bot.adapters.graph.gateway import connect
from bot.adapters.graph.mfa_states import GraphMfaStates
from bot.adapters.graph.sign_ins import GraphSignInLog
from bot.domain.approval import State, Target
from bot.domain.people import ObjectId, User
from bot.ports import News
from sandbox.entra import EntraSandbox
from tests.adapters.graph.fake_graph import Pauses, counter
from tests.fakes import NOON, FakeClock, FakeDesk, FakeDirectory, a_desk
from tests.usecases.later import a_verified_request, let_pass


@dataclass
class World:
    """A desk whose states, logs and audits are the sandbox's, on one clock with it."""

    entra: EntraSandbox
    desk: FakeDesk
    person: Any

    async def change(self) -> None:
        """Let the person's per-user MFA be turned off by the bot."""
        facts = self.person.facts
        target = Target(ObjectId(self.person.id), self.person.upn, facts["displayName"])
        request = await a_verified_request(self.desk, target=target)
        assert request.state is State.VERIFIED

    async def admin(self, what: str, **sent: object) -> None:
        """Let somebody else act on the person."""
        await tell(self.entra, f"users/{self.person.upn}/{what}", **sent)

    @property
    def said(self) -> list[News]:
        return [news for _, news in self.desk.announcer.replies]


async def tell(entra: EntraSandbox, what: str, **sent: object) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(f"{entra.url}/_admin/{what}", json=sent)).raise_for_status()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock, pauses = FakeClock(), Pauses()
    async with EntraSandbox(now=clock) as entra:
        await tell(entra, "throttle", reports_per_10s=None)  # its seconds are real ones, the clock's are not
        person = next(one for one in entra.tenant.people.values() if one.key == "ada.lind")
        user = User(
            ObjectId(person.id),
            person.upn,
            person.facts["displayName"],
            person.facts["mail"],
            account_enabled=True,
            user_type="Member",
            created_at=NOON,
            is_management_restricted=False,
        )
        directory = FakeDirectory()
        directory.users.append(user)
        access = Access(entra.url, FixedToken(entra.token))
        budget = LocalBudget(1000, pauses.monotonic, pauses.pause)
        async with connect(access, budget=budget, now=clock, pause=pauses.pause, new_id=counter()) as graph:
            desk = a_desk(
                clock=clock,
                directory=directory,
                mfa_states=GraphMfaStates(graph),
                sign_in_log=GraphSignInLog(graph),
                directory_audits=GraphDirectoryAudits(graph),
            )
            yield World(entra, desk, person)


async def test_the_administrator_who_enforces_it_again_is_named(world: World) -> None:
    await world.change()
    await let_pass(world.desk, minutes=20)
    assert world.said == []
    await world.admin("state", perUserMfaState="enforced")
    at = world.desk.now()
    event = world.entra.tenant.audits[-1]
    admin = event["initiatedBy"]["user"]

    await let_pass(world.desk, minutes=45)

    (detail,) = [detail for news, detail in world.desk.announcer.details if news is News.RE_ENFORCED]
    assert detail.startswith(f"{admin['userPrincipalName']} set it to enforced at {at:%Y-%m-%d %H:%M} UTC")
    entry = next(entry for entry in world.desk.journal.entries if entry.kind == "watch.re_enforced")
    assert entry.detail["by"] == admin["id"]
    assert world.person.state == "enforced"


async def test_a_mac_that_registers_afterwards_is_seen(world: World) -> None:
    await world.admin("try-registration")  # blocked by per-user MFA: history by the time of the change
    world.desk.clock.advance(60)
    await world.change()
    await let_pass(world.desk, minutes=3)
    await world.admin("try-registration")

    await let_pass(world.desk, minutes=40)

    assert world.said == [News.REGISTERED]


async def test_a_try_after_somebody_enforced_it_again_is_still_blocked(world: World) -> None:
    await world.change()
    await world.admin("state", perUserMfaState="enforced")
    world.desk.clock.advance(60)
    await world.admin("try-registration")

    await let_pass(world.desk, minutes=40)

    assert sorted(world.said) == [News.RE_ENFORCED, News.STILL_BLOCKED]
    blocked = dict(world.desk.announcer.details)[News.STILL_BLOCKED]
    assert "AADSTS50076" in blocked
    assert "er-user MFA" in blocked
