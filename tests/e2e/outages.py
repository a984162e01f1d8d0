"""One Conditional Access policy stops everybody: how that begins, and what Slack saw of the bot meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote

from tests.e2e.conftest import CHANNEL
from tests.e2e.watching import ALERTS, Json, Watched

POLICY = "Block sign-ins from other countries"
ADMIN = "rune.storm"
AT_ONCE = 25
ASKED = ("why {}@contoso.com", "explain 50076", "help", "pending")


async def break_sign_ins(world: Watched, people: int, over: float) -> None:
    """An admin changes a policy, and it stops so many people; their failures appear in the time to come."""
    await world.admin("policy", {"policy": POLICY, "by": ADMIN})
    crowd = {"users": people, "code": 53003, "policy": POLICY, "lane": "broker", "over": over, "late": over}
    await world.admin("crowd", crowd)


async def mend_sign_ins(world: Watched, people: int, over: float) -> None:
    """The same people register; their records appear in the time to come."""
    await world.admin("crowd", {"users": people, "code": 0, "lane": "prt", "over": over, "late": over})


async def questions(world: Watched) -> int:
    """Return how often Graph was asked for successes, of people by name or of everybody."""
    served = (await world.look("requests"))["requests"]
    return sum("status/errorCode eq 0" in unquote(one["path"]) for one in served)


def headline(people: int) -> str:
    """Return how the card's first line counts them."""
    return f"Outage, {people} people"


async def a_burst(world: Watched, number: int, ts: str) -> list[float]:
    """Type 20 commands and click five times at once; return what Slack measured to each ack, in ms.

    The click is an approver's on a card that was decided meanwhile: it takes the way of every decision.
    """

    async def one(nth: int) -> Json:
        if nth % 5 == 0:
            return await world.slack.click("U0MIRA", "Approve", channel=CHANNEL, message_ts=ts, stale=True)
        user = ("U0HANA", "U0OTTO", "U0MIRA", "U0NILS")[nth % 4]
        return await world.slack.command(user, ASKED[nth % len(ASKED)].format(f"person.{number}.{nth}"))

    answers = await asyncio.gather(*(one(nth) for nth in range(AT_ONCE)))
    if not all(answer["acked"] for answer in answers):
        raise AssertionError("Slack gave up waiting for an acknowledgement")
    return [float(answer["ack_ms"]) for answer in answers]


@dataclass(frozen=True)
class Traffic:
    """The bot's messages in the alert channel: smallest distances in seconds, and what Slack refused."""

    posts: int
    least_gap: float
    edits: int
    least_edit_gap: float
    limited: int


async def traffic(world: Watched) -> Traffic:
    """Return what Slack saw."""
    posts, edits = await world.slack.calls("chat.postMessage"), await world.slack.calls("chat.update")
    posted = [call["at"] for call in posts if call["args"]["channel"] == ALERTS]
    by_card: dict[str, list[float]] = {}
    for call in edits:
        if call["args"]["channel"] == ALERTS:
            by_card.setdefault(call["args"]["ts"], []).append(call["at"])
    return Traffic(
        posts=len(posted),
        least_gap=_least_gap(posted),
        edits=sum(map(len, by_card.values())),
        least_edit_gap=min(map(_least_gap, by_card.values()), default=float("inf")),
        limited=sum(call["error"] == "ratelimited" for call in (*posts, *edits)),
    )


def _least_gap(times: list[float]) -> float:
    return min((later - sooner for sooner, later in pairwise(sorted(times))), default=float("inf"))
