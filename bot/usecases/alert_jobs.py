"""Jobs about alerts: what is remembered between two looks at one group, and when the next look is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from bot.domain.alert_delivery import quieted
from bot.domain.alerts import AlertGroup, Quiet
from bot.ports import Desk

ALERT = "alert"
DIGEST = "alert_digest"
BACKOFF = timedelta(seconds=5)
LONGEST_BACKOFF = timedelta(minutes=5)
NOTED_FOR = timedelta(days=8)  # as long as a closed group is kept


@dataclass(frozen=True, slots=True)
class Delivery:
    """One look at a group's message. All fields but the first are what earlier looks found."""

    group_id: str
    held: str = ""  # the Quiet that kept it back until now
    tries: str = ""  # how often Slack did not take it
    turn: str = ""  # the moment of its turn in the channel, taken earlier
    holder: str = ""  # who claimed its message then
    redraw: str = ""  # something beside the group has changed
    alone: str = ""  # on a card of its own, however much waits
    anew: str = ""  # no message of a finer group can be taken over
    instead_of: str = ""  # the channel that did not take it
    refused_with: str = ""  # Slack's error word for that

    def to_body(self) -> dict[str, str]:
        """Return the fields for a job."""
        return {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name)}

    @classmethod
    def from_body(cls, body: Mapping[str, str]) -> Delivery:
        """Read the fields back from a job."""
        return cls(**{one.name: body.get(one.name, "") for one in fields(cls)})

    @property
    def backoff(self) -> timedelta:
        """How long to wait before the next try."""
        doubled = 1 << min(10, int(self.tries or 0))
        return min(LONGEST_BACKOFF, BACKOFF * doubled)

    def tried(self) -> Delivery:
        """Return the next try."""
        return replace(self, tries=str(int(self.tries or 0) + 1), turn="", holder="")


async def look_at(delivery: Delivery, due: datetime, desk: Desk, lane: str = "") -> None:
    """Have a look at a group at `due`; a second one for the same group and lane moves the first."""
    key = f"{delivery.group_id}/{lane}" if lane else delivery.group_id
    await desk.schedule.put(ALERT, key, due, delivery.to_body())


async def redraw(group_id: str, desk: Desk) -> None:
    """Have a group's message brought up to date: something beside the group has changed."""
    await look_at(Delivery(group_id, redraw="1"), desk.now(), desk)


async def digest_at(channel: str, due: datetime, desk: Desk) -> None:
    """Have a digest of a channel's unposted alerts posted at `due`."""
    await desk.schedule.put(DIGEST, channel, due, {"channel": channel})


async def note(group: AlertGroup, why: Quiet, detail: str, desk: Desk) -> bool:
    """Write down why a group stays quiet, once a group and reason; False when that was done before."""
    assert desk.alerts is not None
    key = f"{group.id}:{why}"
    if not await desk.limits.admit("alert_quiet", key, 1, NOTED_FOR, desk.new_id()):
        return False
    await desk.alerts.ledger.note((quieted(group, why, detail, desk.now()),))
    desk.alerts.counters.count("quiet", str(why))
    return True


async def tally(name: str, desk: Desk, by: int = 1) -> None:
    """Add to a counter of today."""
    assert desk.alerts is not None
    await desk.alerts.ledger.count(f"{desk.now():%Y-%m-%d}", name, by)
