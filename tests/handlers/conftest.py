"""A running bot on a simulated Slack: real Bolt app, real Slack adapters, fakes for everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import slack_client, slack_session
from bot.adapters.slack.poster import SlackAnnouncer
from bot.adapters.slack.transport import SocketTransport, bolt_app
from bot.adapters.slack.workspace import SlackWorkspace
from bot.domain.people import PerUserMfaState, User
from bot.domain.step_up import EntraSignIn
from bot.errors import Denial, NotAllowed
from bot.ports import Rules, SignInAsk
from bot.usecases.deliver import deliver
from bot.usecases.workers import work_off
from handlers import carry_out, register
from sandbox.slack.people import Workspace as People
from sandbox.slack.server import SlackSandbox
from tests.fakes import (
    FakeClock,
    FakeDesk,
    FakeDirectory,
    FakeMfaStates,
    FakeSignInLog,
    FakeTickets,
    a_blocked_registration,
    a_desk,
    a_user,
    an_object_id,
    some_rules,
)

NUMBERS = {"U0HANA": 11, "U0OTTO": 12, "U0MIRA": 13, "U0NILS": 14, "U0ADA": 15, "U0IVO": 16}
HANA = an_object_id(NUMBERS["U0HANA"])
ADA = an_object_id(NUMBERS["U0ADA"])


def entra_users(slack: SlackSandbox) -> list[User]:
    """An Entra account for each of the people above, with the address Slack shows."""
    found = [slack.workspace.people[slack_id] for slack_id in NUMBERS]
    addresses = [(person, {"user_principal_name": person.email, "mail": person.email}) for person in found]
    return [a_user(NUMBERS[person.id], person.real_name, **address) for person, address in addresses]


APPROVALS = "C0APPROVE"


@dataclass
class Office:
    """The people, the desk behind the bot, and Slack."""

    people: People
    desk: FakeDesk
    client: AsyncWebClient
    sandbox: SlackSandbox

    async def wait_until_quiet(self) -> None:
        """Wait until every recorded job and every news was carried out."""
        async with asyncio.timeout(5):
            while self.desk.inbox.waiting or self.desk.inbox.taken or self.desk.outbox.waiting:
                await asyncio.sleep(0.01)
            while self.desk.outbox.taken:
                await asyncio.sleep(0.01)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC))  # noqa: TID251 -- beside the sandbox's own wall clock


def rules_with(**changes: Any) -> Rules:
    ours = {"approval_channel": APPROVALS, "approvers": frozenset({"S0APPROVERS"})}
    return some_rules(**{**ours, "public_url": "https://bot.contoso.com", **changes})


@pytest.fixture
def rules() -> Rules:
    """The settings of the desk; a test may bring its own."""
    return rules_with()


class NobodySignsIn:
    """Entra's sign-in page, for tests in which nobody follows the link."""

    async def address(self, ask: SignInAsk) -> str:
        raise NotAllowed(Denial.CANNOT_CHECK)

    async def redeem(self, code: str, ask: SignInAsk) -> EntraSignIn:
        raise NotAllowed(Denial.CANNOT_CHECK)


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(rate_limits=False, redelivery=(0.0,)) as sandbox:
        yield sandbox


@pytest.fixture
async def desk_and_client(
    slack: SlackSandbox, clock: FakeClock, rules: Rules
) -> AsyncIterator[tuple[FakeDesk, AsyncWebClient]]:
    async with slack_session(slack.api_url) as session:
        client = slack_client(slack.bot_token, slack.api_url, session)
        workspace = await SlackWorkspace.opened(client, clock)
        users = entra_users(slack)
        ada = next(user for user in users if user.id == ADA)
        blocked = a_blocked_registration(ada, created_at=clock() - timedelta(minutes=20))
        desk = a_desk(
            clock=clock,
            workspace=workspace,
            announcer=SlackAnnouncer(client, workspace, APPROVALS, clock, language=rules.language),
            directory=FakeDirectory(users=users),
            mfa_states=FakeMfaStates(states={ADA: PerUserMfaState.ENFORCED}),
            sign_in_log=FakeSignInLog(rows=[blocked]),
            rules=rules,
            tickets=FakeTickets(now=clock),
            approver_sign_in=NobodySignsIn(),
        )
        yield desk, client


@pytest.fixture
async def listening(
    slack: SlackSandbox, desk_and_client: tuple[FakeDesk, AsyncWebClient]
) -> AsyncIterator[Office]:
    """The bot listens; nobody carries out what was recorded."""
    desk, client = desk_and_client
    app = bolt_app(client, desk.workspace.installation)  # type: ignore[attr-defined]
    register(app, desk)
    transport = SocketTransport(app, slack.app_token, connections=1)
    await transport.start()
    async with People(slack.url) as people:
        yield Office(people, desk, client, slack)
    await transport.stop()


@pytest.fixture
async def office(listening: Office) -> AsyncIterator[Office]:
    """The bot listens and works."""
    desk, stop = listening.desk, asyncio.Event()
    inbox = work_off(
        desk.inbox,
        "inbox",
        lambda job: carry_out(job, desk, listening.client),
        stop=stop,
        pause=asyncio.sleep,
    )
    outbox = work_off(desk.outbox, "outbox", lambda job: deliver(job, desk), stop=stop, pause=asyncio.sleep)
    workers = [asyncio.ensure_future(inbox), asyncio.ensure_future(outbox)]
    yield listening
    for worker in workers:
        worker.cancel()
    for worker in workers:
        with suppress(asyncio.CancelledError):
            await worker
