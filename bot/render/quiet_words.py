"""Why an event did not become a message, in words: which silence, group, rule, hours or limit."""

from __future__ import annotations

from datetime import datetime

from bot.domain.alert_overview import QuietRow
from bot.domain.alerts import AlertGroup, Quiet, Quieted
from bot.render import safe
from bot.render.alert_words import channel_problem, words_of
from bot.render.blocks import moment
from bot.render.phrases import phrase
from bot.render.verdicts import headline
from bot.render.words import N_, _

SHORT: dict[Quiet, str] = {
    Quiet.SILENCED: N_("silenced"),
    Quiet.ABSORBED: N_("part of a wider alert"),
    Quiet.SAME_GROUP: N_("counted on a card that was there"),
    Quiet.QUIET_HOURS: N_("outside the alert hours"),
    Quiet.PAUSED: N_("alerts paused"),
    Quiet.SHADOW: N_("shadow mode"),
    Quiet.DIGEST: N_("listed in a digest"),
    Quiet.UNROUTED: N_("no channel set"),
    Quiet.CURED: N_("registered before"),
    Quiet.BELOW_THRESHOLD: N_("too few tries"),
    Quiet.NOT_SLACK: N_("not taken by Slack"),
}
"""Beside a count."""


def quiet_row(row: QuietRow, *, named: bool = True) -> str:
    """Return one event: when, whom (unless the reader knows), what, and why it stayed quiet."""
    one = row.quieted
    if not named:
        return _("{when}: {cause}: {why}").format(
            when=moment(one.at), cause=headline(one.verdict).title, why=why_quiet(one, row.speaker)
        )
    who = safe.code(one.user_principal_name, 100) if one.user_principal_name else _("several people")
    return _("{when}: {who}, {cause}: {why}").format(
        when=moment(one.at), who=who, cause=headline(one.verdict).title, why=why_quiet(one, row.speaker)
    )


def why_quiet(one: Quieted, speaker: AlertGroup | None = None) -> str:
    """Return the reason with what it names; `speaker` is the group that spoke for the event."""
    detail = safe.mrkdwn(one.detail, 200) or "–"
    match one.why:
        case Quiet.SILENCED:
            subject = safe.mrkdwn(phrase(one.detail), 200)
            named = _("silenced, by the silence over {subject}").format(subject=subject)
            said = named if subject else _(SHORT[one.why])
        case Quiet.ABSORBED:
            said = _("a wider alert speaks for it{name}").format(name=_named(speaker))
        case Quiet.SAME_GROUP:
            said = _("counted on the card of an alert that was there{name}").format(name=_named(speaker))
        case Quiet.QUIET_HOURS:
            said = _until(one.detail)
        case Quiet.BELOW_THRESHOLD:
            said = _("too few tries so far: {reason}").format(reason=detail)
        case Quiet.NOT_SLACK:
            problem = channel_problem(one.detail)
            said = _("Slack did not take it ({problem}); it is tried again").format(problem=problem)
        case Quiet.DIGEST | Quiet.SHADOW:
            said = _(ELSEWHERE[one.why]).format(where=_in(channel_name(one.detail)))
        case _:
            said = _(ALONE[one.why])
    return said


ELSEWHERE: dict[Quiet, str] = {
    Quiet.DIGEST: N_("listed in a digest{where}, because many came at once or it waited for the morning"),
    Quiet.SHADOW: N_("shadow mode: recorded instead of posted{where}"),
}
ALONE: dict[Quiet, str] = {
    Quiet.PAUSED: N_("an approver had paused alerts"),
    Quiet.UNROUTED: N_("no channel is set for it; whoever runs the bot can set one"),
    Quiet.CURED: N_("they registered before the message went out"),
}


def channel_name(channel_id: str) -> str:
    """Return a channel as Slack links it; empty for what is no channel's id."""
    return f"<#{channel_id}>" if channel_id.isascii() and channel_id.isalnum() and channel_id else ""


def _in(channel: str) -> str:
    return " " + _("in {channel}").format(channel=channel) if channel else ""


def _named(speaker: AlertGroup | None) -> str:
    return f" ({words_of(speaker)})" if speaker is not None else ""


def _until(iso: str) -> str:
    try:
        until = datetime.fromisoformat(iso)
    except ValueError:
        return _(SHORT[Quiet.QUIET_HOURS])
    return _("outside the alert hours; it waits until {until}").format(until=moment(until))
