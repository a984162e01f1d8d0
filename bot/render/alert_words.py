"""The words that alerts share: who, what, since when, and where a message was meant to go."""

from __future__ import annotations

from datetime import datetime

from bot.domain.alert_delivery import typical
from bot.domain.alerts import Affected, AlertGroup, AlertView, GroupState, Scope, Sighting
from bot.render import safe
from bot.render.blocks import ago, bullets, moment, person
from bot.render.verdicts import headline
from bot.render.words import N_, _, ngettext

BLOCKED, RESOLVED, ENDED, ABSORBED = "■", "✓", "□", "▷"
"""Shapes that stand before a word: neither needs colour."""

CHANNEL_PROBLEMS = {
    "not_in_channel": N_("the bot is not in it; invite it there with `/invite`"),
    "channel_not_found": N_("the bot cannot see it; invite it there with `/invite`, or check the channel id"),
    "is_archived": N_("it is archived; whoever runs the bot can choose another channel"),
    "shared_channel": N_("it is shared with another organisation; choose a private channel"),
}
POSTING_RESTRICTED = N_(
    "the workspace does not let the bot post there; a workspace administrator can allow it"
)
CHANGE_UNKNOWN = {
    "too_slow": N_("Entra's audit log did not answer in time."),
    "refused": N_("The bot may not read Entra's audit log: grant AuditLog.Read.All."),
    "not_readable": N_("Entra's audit log could not be read just now."),
}


def name_of(who: Affected | Sighting) -> str:
    """Return a person's name, escaped."""
    name = who.name if isinstance(who, Affected) else who.user_name
    return safe.mrkdwn(name, 120) or safe.mrkdwn(who.user_principal_name, 120) or _("Somebody")


def name_and_address(who: Affected | Sighting) -> str:
    """Return a person's name and user principal name."""
    return f"*{name_of(who)}*  ·  {safe.code(who.user_principal_name, 150)}"


def title(group: AlertGroup) -> str:
    """Return what stands at the head of a card: a shape, a word, and what blocks whom."""
    cause = headline(group.newest.verdict).title
    match group.state:
        case GroupState.RESOLVED:
            return f"{RESOLVED} {_resolved(group)}"
        case GroupState.ENDED:
            return f"{ENDED} {_('Ended, not seen to be fixed: {cause}').format(cause=_subject(group, cause))}"
        case GroupState.ABSORBED:
            return f"{ABSORBED} {_('Part of a wider failure: {cause}').format(cause=_subject(group, cause))}"
    return f"{BLOCKED} {_blocked(group, cause)}"


def words_of(group: AlertGroup) -> str:
    """Return the same without the shape: for the middle of a line, where a mark says nothing."""
    return title(group)[2:]


def _resolved(group: AlertGroup) -> str:
    if group.scope is Scope.PERSON:
        return _("Resolved: {name} has registered").format(name=name_of(group.newest))
    return ngettext(
        "Resolved: {count} person has registered", "Resolved: all {count} people have registered", group.count
    ).format(count=group.count)


def _blocked(group: AlertGroup, cause: str) -> str:
    if group.scope is Scope.PERSON:
        return _("Blocked: {cause}").format(cause=cause)
    if group.scope is Scope.PLACE:
        return _("Blocked in one place, {people}: {cause}").format(people=people(group.count), cause=cause)
    return _("Outage, {people}: {cause}").format(people=people(group.count), cause=_subject(group, cause))


def _subject(group: AlertGroup, cause: str) -> str:
    if group.scope is Scope.POLICY:
        return _("one Conditional Access policy stops them")
    if group.scope is Scope.TENANT and typical(group).error_code:
        return _("all meet AADSTS{code}").format(code=typical(group).error_code)
    return cause


def people(count: int) -> str:
    """Return a number of people."""
    return ngettext("{count} person", "{count} people", count).format(count=count)


def tries(count: int) -> str:
    """Return a number of tries."""
    return ngettext("{count} try", "{count} tries", count).format(count=count)


def took(since: datetime, until: datetime) -> str:
    """Return a span in words."""
    return ago(max(0.0, (until - since).total_seconds()))


def named(group: AlertGroup, most: int = 5) -> str:
    """Return the people who are known by name, and how many more there are."""
    rows = [f"{name_and_address(one)}{_fixed(one)}" for one in group.people[:most]]
    more = group.count - len(rows)
    if more > 0:
        rows.append(ngettext("and {count} more", "and {count} more", more).format(count=more))
    return bullets(rows, 2000)


def _fixed(one: Affected) -> str:
    if one.registered_at is None:
        return ""
    return "  ·  " + _("{shape} registered {when}").format(shape=RESOLVED, when=moment(one.registered_at))


def meant_elsewhere(view: AlertView) -> str:
    """Return why an alert stands in this channel instead of its own; empty when it is where it belongs."""
    if not view.meant_for:
        return ""
    channel = f"<#{view.meant_for}>" if view.meant_for.isalnum() and view.meant_for.isascii() else "–"
    if not view.refused_with:
        return _("This was meant for {channel}, which did not take it.").format(channel=channel)
    return _("This was meant for {channel}, which did not take it: {problem}.").format(
        channel=channel, problem=channel_problem(view.refused_with)
    )


def channel_problem(code: str) -> str:
    """Return what is wrong with a channel, and what to do about it."""
    if code.startswith(("restricted_action", "no_permission", "team_access")):
        return _(POSTING_RESTRICTED)
    known = CHANNEL_PROBLEMS.get(code)
    return _(known) if known else _("Slack says {code}").format(code=safe.code(code, 60))


def beside(view: AlertView) -> list[str]:
    """Return what people decided about an alert: who looks after it, and until when it is silenced."""
    lines = []
    if view.acknowledged:
        by, when = person(view.acknowledged.by), moment(view.acknowledged.at)
        lines.append(_("◆ Looked after by {by} since {when}").format(by=by, when=when))
    if view.silence:
        by, until = person(view.silence.by), moment(view.silence.until)
        reason = safe.mrkdwn(view.silence.reason, 200)
        lines.append(
            _("◇ New alerts like this are silenced until {until} by {by}: {reason}").format(
                until=until, by=by, reason=reason
            )
        )
    return lines
