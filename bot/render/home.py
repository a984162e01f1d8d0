"""The app's home tab: what is open, who the reader is to the bot, and the settings that concern them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.approval import ChangeRequest
from bot.domain.hours import OpenHours
from bot.ports import Rules, SwitchState
from bot.render import labels, safe
from bot.render.blocks import (
    Block,
    View,
    actions,
    ago,
    bullets,
    button,
    context,
    divider,
    header,
    home,
    moment,
    person,
    section,
)
from bot.render.help import ASKING, NOT_FOR_YOU, OUTSIDE
from bot.render.lists import NOTHING_PENDING, TRUSTED, open_rows
from bot.render.reader import Reader

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CHECKING = "This tab could not be brought up to date. {words} Open it again in a minute."


def home_view(
    reader: Reader,
    requests: Sequence[ChangeRequest],
    rules: Rules,
    *,
    now: datetime,
    held: SwitchState | None = None,
    links: Mapping[str, str],
) -> View:
    """Return the tab for one reader; who may not ask sees one sentence and no request."""
    if not reader.belongs or not reader.asks:
        return words_home(NOT_FOR_YOU if reader.belongs else OUTSIDE)
    blocks: list[Block] = [
        *_hold(held, reader),
        header("Open requests"),
        *(open_rows(requests, now=now, reader=reader, links=links) or [section(NOTHING_PENDING)]),
        context(TRUSTED, f"As of {moment(now)}; opening this tab again brings it up to date."),
        divider(),
        header("You"),
        section(_about(reader)),
        section(f"*Rules in force*\n{bullets(_rules(rules, reader))}"),
        divider(),
        section(f"*What you can type*\n{bullets(ASKING)}"),
    ]
    return home(blocks)


def words_home(words: str) -> View:
    """Return a tab that only says something."""
    return home([section(words)])


def _hold(held: SwitchState | None, reader: Reader) -> list[Block]:
    if held is None:
        return []
    said = safe.prose(held.reason, 600) or "no reason was stored"
    blocks = [section(f"*■ Changes are on hold* since {moment(held.at)}, by {person(held.by)}: {said}")]
    if reader.approves:
        blocks.append(actions(button(labels.LIFT, labels.ON_LIFT, "freeze")))
    return [*blocks, divider()]


def _about(reader: Reader) -> str:
    if reader.entra is not None:
        name = safe.mrkdwn(reader.entra.display_name, 120) or "–"
        matched = f"In Entra you are *{name}*, {safe.code(reader.entra.user_principal_name, 200)}."
    else:
        matched = f"▲ Nobody in Entra is matched to you. {safe.prose(reader.trouble, 400)}".strip()
    if reader.approves:
        return f"{matched}\nYou may ask, request changes, and decide what others requested."
    return f"{matched}\nYou may ask and request changes. Approvers decide."


def _rules(rules: Rules, reader: Reader) -> list[str]:
    lines = [
        f"A request stays open for {ago(rules.request_lifetime.total_seconds())}; "
        "requester and target never decide it",
        f"Answers look back {ago(rules.lookback.total_seconds())}",
        _uncovered(rules.uncovered),
        f"After a change the next registration is watched for {ago(rules.follow_for.total_seconds())}",
    ]
    if rules.hours is not None:
        lines.append(f"Outside {hours_in_words(rules.hours)} a request needs two approvers")
    if reader.approves:
        soonest = f"{rules.vote_no_sooner.total_seconds():g} s"
        lines.append(f"A click sooner than {soonest} after the card appeared is refused")
        lines.append(f"More than {rules.most_disables_per_hour} changes in an hour put all others on hold")
        if rules.step_up:
            lines.append("Approving a request that needs two takes a fresh sign-in to Entra")
    return lines


def _uncovered(setting: str) -> str:
    if setting == "two":
        return "When nothing else would surely demand MFA of the person, two approvers are needed"
    return "When nothing else would surely demand MFA of the person, the change cannot be requested"


def hours_in_words(hours: OpenHours) -> str:
    """Return opening hours: "Mon, Tue, Wed 07:00-19:00 Europe/Berlin"."""
    days = ", ".join(DAYS[day] for day in sorted(hours.days))
    return f"{days} {hours.opens:%H:%M}-{hours.closes:%H:%M} {hours.zone.key}"
