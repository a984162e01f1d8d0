"""The step-up sign-in as an approver's browser lives it: bot pages and Entra over HTTP, redirects by hand."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from bot.domain.approval import State
from bot.errors import Denial, GraphUnreachable, NotAllowed
from bot.usecases.decide import approve, deny
from bot.usecases.step_up import MOST_LINKS, start_step_up
from tests.fakes import APPROVAL_CHANNEL, APPROVER, APPROVER_2, BYSTANDER
from tests.handlers.step_up_world import Page, World, a_world, query_of
from tests.usecases.requests import a_pending_request

OTTO, MIRA = "otto.falk@contoso.com", "mira.sand@contoso.com"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as made:
        await a_pending_request(made.desk, step_up=True)
        yield made


def link_was_used_up(page: Page) -> bool:
    return page.status == 404 and "used already" in page.words


# --- the good path ------------------------------------------------------------------------------------


async def test_two_approvers_sign_in_and_the_change_is_approved(world: World) -> None:
    first = await world.browser.follow(await world.link(), OTTO)
    second = await world.browser.follow(await world.link(APPROVER_2), MIRA)

    assert "Your approval is counted: 1 of 2. You can close this window and go back to Slack." in first.words
    assert "2 of 2, so the change is approved" in second.words
    assert world.desk.requests.records["req-1"].state is State.APPROVED
    assert world.desk.journal.kinds == ["step_up.started", "step_up.proved", "vote.approve"] * 2
    proved = world.desk.journal.entries[1]
    assert proved.detail["methods"] == "mfa pwd"
    assert proved.request_id == "req-1"


async def test_a_click_alone_counts_nothing(world: World) -> None:
    link = await world.link()
    page = await world.browser.get(link)

    assert world.votes == []
    for words in ("turn per-user MFA off", "Mira Holm", "Hanna Dorn", "registration stops at MFA", OTTO):
        assert words in page.words


async def test_a_denial_needs_no_sign_in(world: World) -> None:
    request = await deny(world.click(), "The caller could not be verified", world.desk)

    assert request.state is State.DENIED


async def test_a_request_without_the_mark_needs_no_sign_in() -> None:
    async with a_world() as world:
        await a_pending_request(world.desk, step_up=False)

        assert len((await approve(world.click(), world.desk)).approvals) == 1


async def test_entra_is_asked_for_a_fresh_sign_in_of_this_person_for_this_request(world: World) -> None:
    link = await world.link()
    asked = query_of(await world.browser.to_entra(link))

    assert asked["prompt"] == "login"
    assert asked["max_age"] == "0"
    assert asked["login_hint"] == OTTO
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid profile"
    assert asked["redirect_uri"].endswith("/step-up/callback")
    assert asked["state"] == link.rpartition("/")[2]
    assert "claims" not in asked


async def test_the_verifier_differs_with_each_opening_and_the_nonce_with_each_link(world: World) -> None:
    link, other = await world.link(), await world.link()
    once, again, third = [query_of(await world.browser.to_entra(one)) for one in (link, link, other)]

    assert once["code_challenge"] != again["code_challenge"]
    assert once["nonce"] == again["nonce"] != third["nonce"]


async def test_opening_a_link_uses_nothing_up(world: World) -> None:
    link = await world.link()
    for _ in range(3):
        await world.browser.get(link)
    async with world.browser.session.head(link) as preview:
        assert preview.status == 200

    assert (await world.browser.follow(link, OTTO)).status == 200


async def test_every_answer_is_kept_from_caches_frames_scripts_and_referrers(world: World) -> None:
    link = await world.link()
    shown = await world.browser.get(link)
    missing = await world.browser.get(f"{link.rpartition('/')[0]}/no-such-ticket")
    unknown = await world.browser.get(f"{link}/elsewhere/still")
    counted = await world.browser.follow(link, OTTO)

    assert [missing.status, unknown.status] == [404, 404]
    for page in (shown, missing, unknown, counted):
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert not re.search(r"<script|src=|@import|url\(", page.text)


async def test_words_of_others_are_escaped() -> None:
    async with a_world() as world:
        await a_pending_request(
            world.desk, step_up=True, reason='<script>alert("x")</script>', warnings=("<b>role</b>",)
        )
        page = await world.browser.get(await world.link())

    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "&lt;b&gt;role" in page.text


# --- what Entra says ------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [MIRA, "nils.ek@contoso.com", "ada.lind@contoso.com"])
async def test_somebody_else_signed_in(world: World, who: str) -> None:
    page = await world.browser.follow(await world.link(), who)

    assert page.status == 403
    assert "Somebody else signed in" in page.words
    assert world.votes == []
    assert world.refusals == [Denial.STEP_UP_OTHER_PERSON]


async def test_no_second_factor(world: World) -> None:
    async with world.browser.session.post(
        f"{world.entra.url}/_admin/users/{OTTO}/mfa", json={"answers": False}
    ) as switched:
        assert switched.status == 200

    page = await world.browser.follow(await world.link(), OTTO)

    assert "did not confirm a second factor" in page.words
    assert (world.votes, world.refusals) == ([], [Denial.STEP_UP_NO_MFA])


@pytest.mark.parametrize("seconds", [-3600, -301, -60, 60])
async def test_the_sign_in_was_before_the_click_or_in_the_future(world: World, seconds: int) -> None:
    link = await world.link()
    await world.bend(auth_time=int(world.desk.now().timestamp()) + seconds)

    page = await world.browser.follow(link, OTTO)

    assert "did not confirm a sign-in just now" in page.words
    assert (world.votes, world.refusals) == ([], [Denial.STEP_UP_NOT_FRESH])


async def test_entra_does_not_say_when(world: World) -> None:
    await world.bend(auth_time=None)

    await world.browser.follow(await world.link(), OTTO)

    assert (world.votes, world.refusals) == ([], [Denial.STEP_UP_NOT_FRESH])


FOREIGN = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": f"https://login.microsoftonline.com/{FOREIGN}/v2.0"},
        {"tid": FOREIGN},
        {"tid": None},
        {"aud": "another-app"},
        {"exp": 1},
        {"exp": "tomorrow"},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"oid": None},
    ],
    ids=str,
)
async def test_a_token_that_is_not_for_this_sign_in(world: World, claims: dict[str, Any]) -> None:
    await world.bend(**claims)

    page = await world.browser.follow(await world.link(), OTTO)

    assert page.status == 403
    assert "does not belong to this sign-in" in page.words
    assert (world.votes, world.refusals) == ([], [Denial.STEP_UP_INVALID])


async def test_a_token_with_a_forged_signature(world: World) -> None:
    world.entra.pages.forged = True

    await world.browser.follow(await world.link(), OTTO)

    assert (world.votes, world.refusals) == ([], [Denial.STEP_UP_INVALID])


async def test_a_cancelled_sign_in_is_said_and_the_link_still_works(world: World) -> None:
    link = await world.link()
    cancelled = await world.browser.follow(link, "nobody")
    counted = await world.browser.follow(link, OTTO)

    assert "was not completed" in cancelled.words
    assert "1 of 2" in counted.words
    assert world.refusals == [Denial.STEP_UP_UNFINISHED]


# --- authentication context -----------------------------------------------------------------------------


async def test_with_a_context_the_token_must_name_it() -> None:
    async with a_world(context="c1") as world:
        await a_pending_request(world.desk, step_up=True)
        asked = query_of(await world.browser.to_entra(await world.link()))
        counted = await world.browser.follow(await world.link(), OTTO)
        await world.bend(acrs=["c2"], amr=["pwd", "mfa"])
        refused = await world.browser.follow(await world.link(APPROVER_2), MIRA)

    assert asked["claims"] == '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}'
    assert "1 of 2" in counted.words
    assert "second factor" in refused.words


# --- used twice, too late, elsewhere --------------------------------------------------------------------


async def test_a_link_works_once(world: World) -> None:
    link = await world.link()
    await world.browser.follow(link, OTTO)

    assert link_was_used_up(await world.browser.get(link))
    assert link_was_used_up(await world.browser.get(f"{link}/sign-in"))
    assert world.votes == [world.desk.directory.users[0].id]


async def test_going_back_to_the_callback_counts_nothing_more(world: World) -> None:
    back = await world.browser.back_from(await world.browser.to_entra(await world.link()), OTTO)
    first, again = await world.browser.get(back), await world.browser.get(back)

    assert first.status == 200
    assert link_was_used_up(again)
    assert len(world.votes) == 1


async def test_a_code_is_not_accepted_with_another_link(world: World) -> None:
    spent = await world.browser.back_from(await world.browser.to_entra(await world.link()), OTTO)
    other = await world.browser.to_entra(await world.link())
    swapped = {"code": query_of(spent)["code"], "state": query_of(other)["state"]}

    page = await world.browser.get(f"{spent.partition('?')[0]}?{urlencode(swapped)}")

    assert "was not completed" in page.words
    assert (world.votes, world.refusals) == ([], [Denial.STEP_UP_UNFINISHED])


async def test_a_failed_sign_in_uses_the_link_up(world: World) -> None:
    link = await world.link()
    await world.browser.follow(link, MIRA)

    assert link_was_used_up(await world.browser.get(link))


async def test_a_link_ends_after_five_minutes(world: World) -> None:
    link = await world.link()
    at_entra = await world.browser.to_entra(link)
    back = await world.browser.back_from(at_entra, OTTO)
    world.desk.clock.advance(301)

    assert link_was_used_up(await world.browser.get(link))
    assert link_was_used_up(await world.browser.get(back))
    assert world.votes == []


@pytest.mark.parametrize("state", ["", "x", "id-999", "../../slack/events", "<script>"])
async def test_a_tampered_state_is_refused_and_uses_nothing_up(world: World, state: str) -> None:
    link = await world.link()
    back = await world.browser.back_from(await world.browser.to_entra(link), OTTO)
    tampered = {**query_of(back), "state": state}

    page = await world.browser.get(f"{back.partition('?')[0]}?{urlencode(tampered)}")

    assert page.status == 403
    assert "<script>" not in page.text
    assert world.votes == []
    assert (await world.browser.get(back)).status == 200


async def test_another_browser_cannot_finish_what_this_one_began(world: World) -> None:
    back = await world.browser.back_from(await world.browser.to_entra(await world.link()), OTTO)
    world.browser.session.cookie_jar.clear()

    page = await world.browser.get(back)

    assert page.status == 403
    assert "does not belong to this sign-in" in page.words
    assert world.votes == []


@pytest.mark.parametrize("browser", ["", "x", "x.y", "." * 50])
async def test_an_invented_cookie_is_refused(world: World, browser: str) -> None:
    back = await world.browser.back_from(await world.browser.to_entra(await world.link()), OTTO)
    (name,) = [cookie.key for cookie in world.browser.session.cookie_jar]
    world.browser.session.cookie_jar.clear()

    page = await world.browser.get(back, headers={"Cookie": f"{name}={browser}"})

    assert page.status == 403
    assert world.votes == []


@pytest.mark.parametrize(
    "query", ["", "?code=a", "?state=a&state=b&code=c", "?code=" + "c" * 5000, "?error=x"]
)
async def test_a_callback_of_nobody_is_a_page_and_no_journal_entry(world: World, query: str) -> None:
    root = (await world.link()).rpartition("/")[0]
    before = len(world.desk.journal.entries)

    page = await world.browser.get(f"{root}/callback{query}")

    assert page.status == 403
    assert len(world.desk.journal.entries) == before


# --- what changed meanwhile -----------------------------------------------------------------------------


async def denied_meanwhile(world: World) -> None:
    await deny(world.click(APPROVER_2), "The caller could not be verified", world.desk)


async def removed_from_approvers(world: World) -> None:
    world.desk.workspace.change(APPROVER, is_deleted=True)


async def expired_meanwhile(world: World) -> None:
    request = world.desk.requests.records["req-1"]
    world.desk.clock.time = request.wish.expires_at


async def graph_is_silent(world: World) -> None:
    world.desk.directory.troubles["find_user"] = GraphUnreachable("the user")


async def shared_meanwhile(world: World) -> None:
    channels = world.desk.workspace.channels
    channels[APPROVAL_CHANNEL] = replace(channels[APPROVAL_CHANNEL], is_external=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (denied_meanwhile, "was denied already"),
        (removed_from_approvers, "deactivated"),
        (expired_meanwhile, "has expired"),
        (graph_is_silent, "could not be checked"),
        (shared_meanwhile, "shared with another organisation"),
    ],
)
async def test_every_check_is_made_again_after_the_sign_in(
    world: World, change: Callable[[World], Any], words: str
) -> None:
    if change is expired_meanwhile:
        world.desk.clock.time = world.desk.requests.records["req-1"].wish.expires_at
        world.desk.clock.advance(-100)
    back = await world.browser.back_from(await world.browser.to_entra(await world.link()), OTTO)
    await change(world)

    page = await world.browser.get(back)

    assert page.status in (403, 409)
    assert words in page.words
    assert world.desk.requests.records["req-1"].approvals == ()


async def test_a_link_of_a_decided_request_says_so(world: World) -> None:
    link = await world.link()
    await denied_meanwhile(world)

    page = await world.browser.get(link)

    assert page.status == 409
    assert "was denied already" in page.words


async def test_who_voted_already_gets_no_second_link(world: World) -> None:
    await world.browser.follow(await world.link(), OTTO)

    with pytest.raises(NotAllowed) as caught:
        await world.link()

    assert caught.value.denial is Denial.ALREADY_VOTED


async def test_two_links_of_one_person_make_one_vote(world: World) -> None:
    links = [await world.link(), await world.link()]
    pages = [await world.browser.follow(link, OTTO) for link in links]

    assert [page.status for page in pages] == [200, 403]
    assert len(world.votes) == 1


# --- getting a link -------------------------------------------------------------------------------------


async def test_five_links_in_ten_minutes(world: World) -> None:
    for _ in range(MOST_LINKS):
        await world.link()
    with pytest.raises(NotAllowed) as caught:
        await world.link()
    world.desk.clock.advance(601)
    await world.link()

    assert caught.value.denial is Denial.RATE_LIMITED
    assert world.refusals == [Denial.RATE_LIMITED]


async def test_nobody_who_may_not_approve_gets_a_link(world: World) -> None:
    with pytest.raises(NotAllowed) as caught:
        await world.link(BYSTANDER)

    assert caught.value.denial is Denial.NOT_APPROVER


async def test_without_the_setting_a_marked_request_cannot_be_approved(world: World) -> None:
    desk = replace(world.desk, tickets=None, approver_sign_in=None)
    with pytest.raises(NotAllowed) as caught:
        await start_step_up(world.click(), desk)

    assert caught.value.denial is Denial.STEP_UP_OFF
    assert world.votes == []


async def test_the_link_belongs_to_the_bots_public_address(world: World) -> None:
    link = await world.link()

    assert link.startswith(f"{world.desk.rules.public_url}/step-up/")
    assert urlsplit(link).query == ""


async def test_entra_does_not_answer(world: World) -> None:
    link = await world.link()
    await world.entra.stop()

    page = await world.browser.get(f"{link}/sign-in")

    assert page.status == 403
    assert "could not be checked just now" in page.words
    assert (await world.browser.get(link)).status == 200
