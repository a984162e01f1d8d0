"""Where alerts go and when: routes, hours, thresholds, shadow mode and pause, in words."""

from __future__ import annotations

from datetime import datetime

from bot.domain.alert_delivery import opens_after
from bot.domain.alerts import Matcher, Route
from bot.ports import Rules, SwitchState
from bot.render import labels, safe
from bot.render.blocks import Block, actions, ago, button, moment, person, section
from bot.render.hours import hours_in_words
from bot.render.quiet_words import channel_name
from bot.render.verdicts import headline
from bot.render.words import _, ngettext

ROUTES_SHOWN = 15


def route_lines(rules: Rules) -> list[str]:
    """Return one line a route in the order they are tried, and where everything else goes."""
    lines = [_route(route) for route in rules.alert_routes[:ROUTES_SHOWN]]
    left_out = len(rules.alert_routes) - len(lines)
    if left_out > 0:
        words = ngettext("… and {count} more route", "… and {count} more routes", left_out)
        lines.append(words.format(count=left_out))
    if rules.alert_channel:
        channel = channel_name(rules.alert_channel) or "–"
        words = _("everything else: {channel}") if lines else _("all alerts: {channel}")
        lines.append(words.format(channel=channel))
    else:
        lines.append(_("everything else: nowhere; whoever runs the bot can set a channel"))
    return lines


def rule_lines(rules: Rules) -> list[str]:
    """Return hours and thresholds."""
    limits = rules.alert_thresholds
    within = ago(limits.within.total_seconds())
    hours = _("at any hour")
    if rules.alert_hours is not None:
        hours = _(
            "within {hours}; outside it only outages are posted, the rest waits for the morning"
        ).format(hours=hours_in_words(rules.alert_hours))
    return [
        hours,
        _(
            "{place} people behind one network within {within}, or {outage} people with one cause, "
            "are one alert"
        ).format(place=limits.place_at, outage=limits.outage_at, within=within),
        _("an alert counts on for {window}; a failure after that is news again").format(
            window=ago(limits.window.total_seconds())
        ),
    ]


def brakes(rules: Rules, paused: SwitchState | None, now: datetime, *, approves: bool) -> list[Block]:
    """Return what keeps all alerts from being posted, with the button that ends a pause."""
    blocks: list[Block] = []
    if paused is not None:
        blocks.append(section(pause_line(paused)))
        if approves:
            blocks.append(actions(button(labels.RESUME_ALERTS, labels.ON_RESUME_ALERTS, "alerts")))
    if rules.shadow:
        words = _(
            "*▷ Shadow mode*: alerts are recorded and not posted. "
            "The weekly report tells what would have been posted."
        )
        blocks.append(section(words))
    if rules.alert_hours is not None and not rules.alert_hours.include(now):
        opens = moment(opens_after(rules.alert_hours, now))
        words = _("*◷ Outside the alert hours* until {when}: only outages are posted, the rest waits.")
        blocks.append(section(words.format(when=opens)))
    return blocks


def pause_line(paused: SwitchState) -> str:
    """Return that alerts are paused: since when, until when, by whom and why."""
    until = (
        _("until {when}").format(when=moment(paused.until)) if paused.until else _("until somebody lifts it")
    )
    return _("*■ Alerts are paused* since {since}, {until}, by {by}: {reason}").format(
        since=moment(paused.at),
        until=until,
        by=person(paused.by),
        reason=safe.prose(paused.reason, 600) or _("no reason was stored"),
    )


def _route(route: Route) -> str:
    conditions = ", ".join(_conditions(route.matcher)) or _("everything that is left")
    return f"{conditions}: {channel_name(route.channel) or '–'}"


def _conditions(matcher: Matcher) -> list[str]:
    found = []
    if matcher.verdict:
        found.append(_("cause “{cause}”").format(cause=headline(matcher.verdict).title))
    if matcher.country:
        found.append(_("country {country}").format(country=safe.mrkdwn(matcher.country, 10)))
    if matcher.device_prefix:
        found.append(_("Macs named {prefix}…").format(prefix=safe.mrkdwn(matcher.device_prefix, 60)))
    if matcher.member_of:
        found.append(_("members of the group {group}").format(group=safe.code(matcher.member_of, 60)))
    if matcher.policy_id:
        found.append(_("policy {policy}").format(policy=safe.code(matcher.policy_id, 60)))
    return found
