from __future__ import annotations

import asyncio

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import slack_client, slack_session
from bot.adapters.slack.workspace import SlackWorkspace, channel_from, installation, person_from
from bot.errors import Denial, NotAllowed, SlackError
from sandbox.slack.people import Workspace as People
from sandbox.slack.server import SlackSandbox
from tests.fakes import FakeClock


def test_it_knows_whose_token_it_has(workspace: SlackWorkspace) -> None:
    assert workspace.team_id == "T0CONTOSO"
    assert workspace.app_id == "A0PSSO"
    assert workspace.installation.bot_user_id == "U0BOT"


@pytest.mark.parametrize("code", ["missing_scope", "unknown_method"])
async def test_an_app_that_slack_does_not_name_is_not_compared(
    client: AsyncWebClient, people: People, code: str
) -> None:
    await people.fault("bots.info", error=code, count=1)
    assert (await installation(client)).app_id == ""


async def test_a_silence_about_the_app_is_no_answer(client: AsyncWebClient, people: People) -> None:
    await people.fault("bots.info", error="fatal_error", count=1)
    with pytest.raises(SlackError):
        await installation(client)


async def test_an_account_is_read_anew_when_asked(workspace: SlackWorkspace, people: People) -> None:
    assert not (await workspace.person("U0OTTO")).is_deleted
    await people.person("U0OTTO", deleted=True)
    assert not (await workspace.person("U0OTTO")).is_deleted
    assert (await workspace.person("U0OTTO", fresh=True)).is_deleted


async def test_people_are_described_with_what_the_guard_asks(workspace: SlackWorkspace) -> None:
    hana = await workspace.person("U0HANA")
    assert (hana.email, hana.time_zone) == ("hana.berg@contoso.com", "Europe/Berlin")
    assert not any((hana.is_guest, hana.is_stranger, hana.is_bot, hana.is_deleted))
    assert (await workspace.person("U0GUEST")).is_guest
    assert (await workspace.person("U0ULTRA")).is_guest
    assert (await workspace.person("U0STRANGER")).is_stranger
    assert (await workspace.person("U0PARTNER")).is_stranger  # another team, although Slack's flag is off
    assert (await workspace.person("U0GONE")).is_deleted
    assert (await workspace.person("U0OTHERBOT")).is_bot
    assert (await workspace.person("U0NOMAIL")).email is None


async def test_nobody_is_an_outsider(workspace: SlackWorkspace) -> None:
    with pytest.raises(NotAllowed) as refused:
        await workspace.person("U0NOBODY")
    assert refused.value.denial is Denial.OUTSIDER


async def test_channels(workspace: SlackWorkspace) -> None:
    assert (await workspace.channel("C0SHARED")).is_external
    approvals = await workspace.channel("C0APPROVE")
    assert not approvals.is_external
    with pytest.raises(SlackError) as refused:
        await workspace.channel("C0SECRET")
    assert refused.value.code == "channel_not_found"


async def test_a_channel_is_read_anew_when_asked(workspace: SlackWorkspace, people: People) -> None:
    assert not (await workspace.channel("C0APPROVE")).is_external
    await people.channel("C0APPROVE", is_ext_shared=True)
    assert not (await workspace.channel("C0APPROVE")).is_external
    assert (await workspace.channel("C0APPROVE", fresh=True)).is_external


def test_a_pending_invitation_already_counts_as_external() -> None:
    assert channel_from({"id": "C1", "is_pending_ext_shared": True}).is_external
    assert channel_from({"id": "C1", "pending_connected_team_ids": ["T2"]}).is_external
    assert not channel_from({"id": "C1", "is_shared": True}).is_external


def test_an_account_without_a_team_is_not_ours() -> None:
    assert person_from({"id": "U1"}, "T0CONTOSO").is_stranger


async def test_answers_are_kept_a_minute_and_read_anew_when_asked(
    workspace: SlackWorkspace, people: People, clock: FakeClock
) -> None:
    assert await workspace.members("S0APPROVERS") == {"U0OTTO", "U0MIRA", "U0NILS"}
    await people.usergroup("S0APPROVERS", ["U0OTTO"])
    assert "U0MIRA" in await workspace.members("S0APPROVERS")
    assert await workspace.members("S0APPROVERS", fresh=True) == {"U0OTTO"}
    await people.usergroup("S0APPROVERS", ["U0NILS"])
    clock.advance(61)
    assert await workspace.members("S0APPROVERS") == {"U0NILS"}


async def test_many_at_once_share_one_call(workspace: SlackWorkspace, people: People) -> None:
    await asyncio.gather(*(workspace.person("U0HANA") for _ in range(20)))
    assert len(await people.calls("users.info")) == 1


@pytest.mark.parametrize("code", ["plan_upgrade_required", "missing_scope", "fatal_error"])
async def test_slacks_own_word_is_kept(workspace: SlackWorkspace, people: People, code: str) -> None:
    await people.fault("usergroups.users.list", error=code)
    with pytest.raises(SlackError) as refused:
        await workspace.members("S0APPROVERS")
    assert (refused.value.method, refused.value.code) == ("usergroups.users.list", code)


async def test_a_short_rate_limit_is_waited_out(workspace: SlackWorkspace, people: People) -> None:
    await people.fault("users.info", status=429, retry_after=0, count=1)
    assert (await workspace.person("U0HANA")).name == "Hana Berg"


async def test_a_long_rate_limit_is_handed_to_the_caller(workspace: SlackWorkspace, people: People) -> None:
    await people.fault("users.info", status=429, retry_after=120, count=1)
    with pytest.raises(SlackError) as refused:
        await workspace.person("U0HANA")
    assert refused.value.retry_after == 120


async def test_a_read_survives_one_lost_connection(workspace: SlackWorkspace, people: People) -> None:
    await people.fault("users.info", cut=True, count=1)
    assert (await workspace.person("U0HANA")).name == "Hana Berg"


@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_error_is_a_slack_error(
    workspace: SlackWorkspace, people: People, status: int
) -> None:
    await people.fault("users.info", status=status, count=5)
    with pytest.raises(SlackError):
        await workspace.person("U0HANA")


async def test_a_wrong_token_says_so(slack: SlackSandbox) -> None:
    async with slack_session(slack.api_url) as session:
        with pytest.raises(SlackError) as refused:
            await installation(slack_client("xoxb-wrong", slack.api_url, session))
    assert refused.value.code == "invalid_auth"


async def test_nobody_there_is_a_slack_error() -> None:
    url = "http://127.0.0.1:9/api"
    async with slack_session(url) as session:
        client: AsyncWebClient = slack_client("xoxb-x", url, session)
        with pytest.raises(SlackError) as refused:
            await installation(client)
    assert refused.value.code == "unreachable"
