"""The card of one alert: who is blocked by what, since when, and what can be done about it."""

from __future__ import annotations

from bot.domain.alert_delivery import fixed_at, just_fixed, names_a_policy, typical
from bot.domain.alerts import Affected, AlertGroup, AlertView, GroupState, Scope
from bot.render import labels, safe
from bot.render.alert_words import (
    CHANGE_UNKNOWN,
    RESOLVED,
    beside,
    meant_elsewhere,
    name_and_address,
    name_of,
    named,
    people,
    title,
    took,
    tries,
)
from bot.render.blocks import (
    Block,
    Message,
    actions,
    button,
    context,
    fields,
    message,
    moment,
    plain,
    plain_section,
    section,
)
from bot.render.phrases import phrase
from bot.render.words import _, ngettext

LOG_LAG = 5 * 60
"""Seconds that Entra's log usually keeps a sign-in back; beyond, the card says so."""


def alert_card(view: AlertView) -> Message:
    """Return an alert as it stands; buttons carry the group's id and nothing else."""
    group = view.group
    parts: list[Block] = [section(f"*{title(group)}*\n{_whom(view)}")]
    what = _what(view)
    parts += [section(what)] if what else []
    parts.append(fields(*_facts(group)))
    parts += [section("\n".join(lines))] if (lines := [*beside(view), *_notes(view)]) else []
    parts.append(context(_small_print(view)))
    parts += _buttons(view)
    return message(alert_text(view), parts, _key(view))


def minimal_alert_card(view: AlertView) -> Message:
    """Return the least that can be acted on, for when Slack refuses the full card."""
    text = alert_text(view)
    return message(text, [plain_section(text), *_buttons(view)], f"{_key(view)}:least")


def alert_text(view: AlertView) -> str:
    """Return an alert in one line, for notifications and screen readers."""
    group = view.group
    if group.scope is Scope.PERSON and group.state is not GroupState.RESOLVED:
        who = name_of(group.newest)
        return _("{title} ({who}, {tries})").format(title=title(group), who=who, tries=tries(group.tries))
    return title(group)


def thread_line(view: AlertView) -> Message:
    """Return what is new about an alert, to be said below its card."""
    group, before = view.group, view.shown
    if group.state is GroupState.RESOLVED:
        return plain(f"*{title(group)}*\n{_time_it_took(group)}")
    if before is not None and group.registered > before.told_registered:
        fixed = [_registered_line(one, group) for one in just_fixed(group, before)]
        left = ngettext(
            "{count} person is still blocked.", "{count} people are still blocked.", group.still_blocked
        ).format(count=group.still_blocked)
        if not fixed:
            words = ngettext(
                "{shape} {count} person has registered by now.",
                "{shape} {count} people have registered by now.",
                group.registered,
            )
            fixed = [words.format(shape=RESOLVED, count=group.registered)]
        return plain("\n".join([*fixed, left]))
    if before is not None and before.told_count < group.count and group.scope is not Scope.PERSON:
        return plain(_("{people} by now. The card above counts on.").format(people=people(group.count)))
    return plain(f"*{title(group)}*")


def _registered_line(one: Affected, group: AlertGroup) -> str:
    at = one.registered_at or group.last_at
    return _("{shape} {name} registered {when}, {span} after the first failure.").format(
        shape=RESOLVED, name=name_of(one), when=moment(at), span=took(group.first_at, at)
    )


def _key(view: AlertView) -> str:
    return f"alert:{view.group.id[:80]}:{view.group.version}:{int(view.at.timestamp() * 1000)}"


def _whom(view: AlertView) -> str:
    group, typically = view.group, typical(view.group)
    if group.scope is Scope.PERSON:
        return name_and_address(group.newest)
    if group.scope is Scope.PLACE:
        where = _("Behind the network {network}").format(network=safe.code(typically.network, 60))
        country = safe.mrkdwn(typically.country, 20)
        return f"{where} ({country})" if country else where
    if group.scope is Scope.POLICY:
        named_by_log = view.policy_change.policy_name if view.policy_change else ""
        name = safe.mrkdwn(typically.policy_name or named_by_log or typically.policy_id, 150)
        return _("Policy *{policy}*").format(policy=name or "–")
    return safe.prose(phrase(group.newest.summary), 400)


def _what(view: AlertView) -> str:
    """Return what blocks them in one line, or how it ended; then who they are, when they are several."""
    group = view.group
    lines = []
    if group.state is GroupState.RESOLVED:
        lines.append(_time_it_took(group))
    elif group.state is GroupState.ABSORBED:
        lines.append(_("A wider alert speaks for this one now; look there."))
    elif group.scope is not Scope.TENANT:
        lines.append(safe.prose(phrase(group.newest.summary), 600))
    if names_a_policy(group):
        lines += _change(view)
    if group.scope is not Scope.PERSON and group.state is not GroupState.ABSORBED:
        lines.append(_standing(group))
        lines.append(named(group))
    return "\n".join(line for line in lines if line)


def _time_it_took(group: AlertGroup) -> str:
    until = fixed_at(group)
    if until is None:
        return ""
    return _("It took {span} from the first failure to the registration {when}, with {tries}.").format(
        span=took(group.first_at, until), when=moment(until), tries=tries(group.tries)
    )


def _standing(group: AlertGroup) -> str:
    return _("*{people}*: {blocked} still blocked, {registered} registered since.").format(
        people=people(group.count), blocked=group.still_blocked, registered=group.registered
    )


def _change(view: AlertView) -> list[str]:
    """Return who changed the policy, and when; nothing before it was looked up."""
    change = view.policy_change
    if change is not None:
        before = change.at <= view.group.first_at
        words = (
            _("△ Changed by *{by}* {when}, {span} before the first failure")
            if before
            else _("△ Changed by *{by}* {when}, {span} after the first failure")
        )
        span = took(*sorted((change.at, view.group.first_at)))
        by, activity = safe.mrkdwn(change.by, 120) or "–", safe.mrkdwn(change.activity, 120)
        said = words.format(by=by, when=moment(change.at), span=span)
        return [f"{said} ({activity})" if activity else said]
    if view.policy_change_unknown:
        known = CHANGE_UNKNOWN.get(view.policy_change_unknown)
        reason = _(known) if known else safe.prose(view.policy_change_unknown, 300)
        return [_("△ Who changed the policy is not known. {reason}").format(reason=reason)]
    if view.shown is None:
        return []
    return [_("Entra's audit log holds no change of this policy in the day before the first failure.")]


def _facts(group: AlertGroup) -> list[str]:
    since = [moment(group.first_at)]
    if group.tries > 1:
        since.append(
            _("{tries}, the last {when}").format(tries=tries(group.tries), when=moment(group.last_at))
        )
    else:
        since.append(tries(group.tries))
    cells = [f"*{_('Since')}*\n" + "\n".join(since)]
    if group.macs:
        shown = "\n".join(safe.code(mac, 80) for mac in group.macs[:5])
        cells.append(f"*{ngettext('Mac', 'Macs', len(group.macs))}*\n{shown}")
    code = typical(group).error_code
    if code:
        cells.append(f"*{_('Error')}*\nAADSTS{code}")
    if group.newest.policy_name and group.scope is not Scope.POLICY:
        cells.append(f"*{_('Policy')}*\n{safe.mrkdwn(group.newest.policy_name, 150)}")
    return cells


def _notes(view: AlertView) -> list[str]:
    notes = [meant_elsewhere(view), safe.prose(view.note, 400)]
    return [f"△ {note}" for note in notes if note]


def _small_print(view: AlertView) -> str:
    newest = view.group.newest
    lag = (newest.read_at - newest.at).total_seconds()
    read = _("Evidence: the sign-in of {at}, read {read_at}.").format(
        at=moment(newest.at), read_at=moment(newest.read_at)
    )
    if view.group.is_late:
        late = _("◷ Late: Entra showed the first failure long after it happened; it may be over by now.")
        return f"{late}\n{read}"
    if lag > LOG_LAG:
        read += " " + _("Entra showed it {span} after it happened.").format(
            span=took(newest.at, newest.read_at)
        )
    return read


def _buttons(view: AlertView) -> list[Block]:
    group = view.group
    if group.state not in (GroupState.OPEN, GroupState.ENDED):
        return []
    made = [button(labels.DIAGNOSE, labels.ON_ALERT_DIAGNOSE, group.id, style="primary")]
    if view.can_request_disable:
        made.append(button(labels.REQUEST_DISABLE, labels.ON_ALERT_REQUEST, group.id))
    if group.state is GroupState.OPEN:
        made.append(button(labels.SILENCE, labels.ON_ALERT_SILENCE, group.id))
        if view.acknowledged is None:
            made.append(button(labels.ACKNOWLEDGE, labels.ON_ALERT_ACKNOWLEDGE, group.id))
    return [actions(*made)]
