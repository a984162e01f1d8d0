from __future__ import annotations

from dataclasses import replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.poster import SlackAnnouncer
from bot.adapters.slack.workspace import SlackWorkspace
from bot.domain.approval import State
from bot.errors import Denial, NotAllowed, SlackError
from bot.ports import News
from sandbox.slack.people import Workspace as People
from tests.fakes import FakeClock
from tests.render.cards import a_person, a_request, a_vote

CHANNEL = "C0APPROVE"
PENDING = a_request(card=None, requester=a_person("U0HANA", 2))


@pytest.fixture
def announcer(client: AsyncWebClient, workspace: SlackWorkspace, clock: FakeClock) -> SlackAnnouncer:
    return SlackAnnouncer(client, workspace, CHANNEL, clock)


async def in_channel(people: People) -> list[dict[str, object]]:
    shown = await people.screen("U0OTTO")
    messages: list[dict[str, object]] = shown["channels"][CHANNEL]["messages"]
    return messages


async def test_a_card_is_posted_once_and_then_updated(
    announcer: SlackAnnouncer, people: People, clock: FakeClock
) -> None:
    card = await announcer.show(PENDING)
    assert card.channel == CHANNEL
    assert card.posted_at == clock()  # ours, whatever Slack's message ts says
    await people.wait_for("U0OTTO", "Waiting for approval")
    denied = replace(PENDING, card=card, state=State.DENIED, version=2, votes=(a_vote(),))
    assert await announcer.show(denied) == card
    shown = await people.wait_for("U0OTTO", "Denied: turn per-user MFA off")
    assert len(shown["channels"][CHANNEL]["messages"]) == 1
    assert "[Approve]" not in str(await in_channel(people))


async def test_links_are_never_unfurled(announcer: SlackAnnouncer, people: People) -> None:
    await announcer.show(PENDING)
    (sent,) = await people.calls("chat.postMessage")
    assert sent["args"]["unfurl_links"] in (False, "false", 0)
    assert sent["args"]["text"]


async def test_refused_blocks_do_not_lose_the_message(announcer: SlackAnnouncer, people: People) -> None:
    await people.fault("chat.postMessage", error="invalid_blocks", count=1)
    await announcer.show(PENDING)
    (message,) = await in_channel(people)
    assert "[Approve]" in str(message["plain"])
    assert "Object id: 00000000-0000-4000-8000-000000000001" in str(message["plain"])


async def test_at_last_the_bare_text_goes_out(announcer: SlackAnnouncer, people: People) -> None:
    await people.fault("chat.postMessage", error="invalid_blocks", count=2)
    await announcer.show(PENDING)
    (message,) = await in_channel(people)
    assert "turn per-user MFA off for Mira Holm" in str(message["plain"])


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
async def test_a_card_that_cannot_be_updated_gets_a_reply(
    announcer: SlackAnnouncer, people: People, code: str
) -> None:
    card = await announcer.show(PENDING)
    await people.fault("chat.update", error=code)
    await announcer.show(replace(PENDING, card=card, state=State.CANCELLED, version=2))
    (message,) = await in_channel(people)
    assert "Cancelled: turn per-user MFA off" in str(message["thread"])


async def test_news_of_a_vanished_card_goes_to_the_channel(announcer: SlackAnnouncer, people: People) -> None:
    card = await announcer.show(PENDING)
    await people.fault("chat.update", error="message_not_found")
    await people.fault("chat.postMessage", error="thread_not_found", count=1)
    await announcer.show(replace(PENDING, card=card, state=State.EXPIRED, version=2))
    await people.wait_for("U0OTTO", "Expired: turn per-user MFA off")


async def test_a_lost_connection_does_not_post_twice(announcer: SlackAnnouncer, people: People) -> None:
    await people.fault("chat.postMessage", cut="after", count=1)
    with pytest.raises(SlackError):
        await announcer.show(PENDING)
    assert len(await in_channel(people)) == 1


async def test_nothing_is_posted_to_a_channel_shared_with_others(
    announcer: SlackAnnouncer, people: People
) -> None:
    await people.channel(CHANNEL, is_ext_shared=True)
    with pytest.raises(NotAllowed) as refused:
        await announcer.show(PENDING)
    assert refused.value.denial is Denial.SHARED_CHANNEL
    assert await people.calls("chat.postMessage") == []


async def test_replies_go_to_the_thread(announcer: SlackAnnouncer, people: People) -> None:
    card = await announcer.show(PENDING)
    await announcer.reply(replace(PENDING, card=card, votes=(a_vote(),)), News.APPROVED)
    (message,) = await in_channel(people)
    assert "Approved by" in str(message["thread"])


async def test_the_requester_is_told_directly(announcer: SlackAnnouncer, people: People) -> None:
    await announcer.tell("U0HANA", PENDING, News.VERIFIED)
    shown = await people.wait_for("U0HANA", "Your request to turn per-user MFA off for Mira Holm")
    assert "● Done" in str(shown["direct_messages"])


async def test_someone_who_cannot_be_written_to_is_a_slack_error(
    announcer: SlackAnnouncer, people: People
) -> None:
    await people.fault("conversations.open", error="user_disabled")
    with pytest.raises(SlackError) as refused:
        await announcer.tell("U0HANA", PENDING, News.DENIED)
    assert refused.value.code == "user_disabled"


async def test_a_hold_is_announced_with_the_button_that_lifts_it(
    announcer: SlackAnnouncer, people: People
) -> None:
    await announcer.announce(News.FROZEN, "eleven disables <!channel> within an hour")
    await announcer.announce(News.LIFTED, "Looked at all of them", by="U0MIRA")

    held, lifted = (str(message["plain"]) for message in await in_channel(people))
    assert "Changes are on hold" in held
    assert "eleven disables <!channel> within an hour" in held  # shown as written, mentioning nobody
    assert "no longer on hold" in lifted
    assert "Looked at all of them" in lifted
    assert "@mira" in lifted


async def test_a_hold_is_not_announced_in_a_shared_channel(announcer: SlackAnnouncer, people: People) -> None:
    await people.channel(CHANNEL, is_ext_shared=True)
    with pytest.raises(NotAllowed) as caught:
        await announcer.announce(News.FROZEN, "eleven disables within an hour")
    assert caught.value.denial is Denial.SHARED_CHANNEL
