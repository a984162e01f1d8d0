"""What the buttons of an alert answer, and the form behind Silence."""

from __future__ import annotations

from bot.domain.alert_delivery import typical
from bot.domain.alerts import Acknowledgement, AlertGroup, GroupState, Silence
from bot.domain.diagnosis import Diagnosis
from bot.domain.risk import LONGEST_REASON
from bot.domain.silencing import LENGTHS, Reach, reaches
from bot.render import labels, safe
from bot.render.alert_words import name_and_address, title, words_of
from bot.render.blocks import (
    Message,
    View,
    button,
    context,
    message,
    modal,
    moment,
    person,
    plain,
    section,
    select_input,
    text_input,
)
from bot.render.phrases import phrase
from bot.render.verdicts import headline
from bot.render.words import N_, _, ngettext

LENGTH_WORDS = {"1": N_("1 hour"), "24": N_("1 day"), "168": N_("7 days")}


def gone() -> Message:
    """Return what a click on an alert answers that is no longer kept."""
    return plain(_gone())


def closed(group: AlertGroup) -> Message:
    """Return what a click answers that an alert no longer needs."""
    if group.state is GroupState.ABSORBED:
        return plain(_("This alert is part of a wider one now. Use the buttons there."))
    if group.state is GroupState.ENDED:
        return plain(_("The time of this alert is over. A further failure makes a new one."))
    return plain(_("Nothing needs to be done here any more. {title}.").format(title=words_of(group)))


def looked_after(by: Acknowledgement, slack_id: str) -> Message:
    """Return who looks after an alert, to the one who clicked."""
    if by.by == slack_id:
        return plain(_("You look after this alert. Its card says so in a moment."))
    return plain(
        _("{by} looks after this alert already, since {when}.").format(by=person(by.by), when=moment(by.at))
    )


def silenced(silence: Silence) -> Message:
    """Return what was silenced, to the one who did."""
    return plain(
        _("Silenced until {until}: {subject}. `{command} alerts` lists it, and lifts it again.").format(
            until=moment(silence.until),
            subject=safe.prose(phrase(silence.subject), 200),
            command=labels.COMMAND,
        )
    )


def people_list(group: AlertGroup, key: str) -> Message:
    """Return the people of a wide alert, each with a button that diagnoses them."""
    named = [one for one in group.people if one.user_id]
    parts = [section(f"*{title(group)}*")]
    parts += [
        {
            **section(name_and_address(one)),
            "accessory": button(labels.DIAGNOSE, labels.ON_ALERT_DIAGNOSE, f"{group.id}/{one.user_id}"),
        }
        for one in named
    ]
    more = group.count - len(named)
    if more > 0:
        words = ngettext(
            "{count} more person is not listed; `{command} why USER` diagnoses anybody.",
            "{count} more people are not listed; `{command} why USER` diagnoses anybody.",
            more,
        )
        parts.append(context(words.format(count=more, command=labels.COMMAND)))
    return message(title(group), parts, f"people:{group.id[:80]}:{key}")


def checking_modal() -> View:
    """Return what stands in the window of Request disable until the person is diagnosed."""
    words = _("Diagnosing the person anew first; this can take some seconds …")
    return modal(labels.REQUEST_DISABLE, [section(words)], callback_id=labels.TIMELINE_MODAL)


def not_offered_modal(diagnosis: Diagnosis) -> View:
    """Return in a sentence why the change cannot be asked for now."""
    because = safe.prose(phrase(diagnosis.why_not or diagnosis.summary), 800).removesuffix(".")
    remedy = safe.prose(phrase(diagnosis.remedy), 800)
    found = _("Diagnosed just now: *{verdict}*").format(verdict=headline(diagnosis.verdict).title)
    words = _("The change cannot be asked for: {because}.").format(because=because)
    parts = [section(found), section(words)]
    parts += [section(f"*{_('What to do')}*: {remedy}")] if remedy else []
    return modal(labels.REQUEST_DISABLE, parts, callback_id=labels.TIMELINE_MODAL)


def over_modal(heading: str, group: AlertGroup | None) -> View:
    """Return that there is nothing to do here, in the place of a form."""
    words = _gone() if group is None else closed(group).text
    return modal(heading, [section(words)], callback_id=labels.TIMELINE_MODAL)


def silence_modal(metadata: str, group: AlertGroup) -> View:
    """Return the form behind Silence: for how long, what, and why."""
    offered = {str(reach): reach_words(group, reach) for reach in reaches(group)}
    parts = [
        section(f"*{title(group)}*"),
        section(
            _(
                "What is posted stays and is kept up to date; nothing new like it is posted for a while. "
                "The helpdesk may silence one person; more than that takes an approver."
            )
        ),
        select_input(
            labels.SILENCE_LENGTH_FIELD,
            _("For how long?"),
            {length: _(LENGTH_WORDS[length]) for length in LENGTHS},
            first="1",
        ),
        select_input(labels.SILENCE_WHAT_FIELD, _("What?"), offered, first=next(iter(offered))),
        text_input(labels.REASON_FIELD, _("Why?"), hint=_(REASON_HINT), most=LONGEST_REASON, lines=True),
    ]
    return modal(
        _("Silence alerts"), parts, callback_id=labels.SILENCE_MODAL, submit=labels.SILENCE, metadata=metadata
    )


REASON_HINT = N_("The card, the list of silences and the journal show this. No passwords, codes or tokens.")


def reach_words(group: AlertGroup, reach: Reach) -> str:
    """Return what a silence covers, in words that fit a menu; plain text."""
    about = typical(group)
    match reach:
        case Reach.PERSON:
            return _("This person: {name}").format(name=safe.line(about.user_name, 50))
        case Reach.NETWORK:
            return _("This cause behind {network}").format(network=safe.line(about.network, 45))
        case Reach.POLICY:
            name = safe.line(about.policy_name or about.policy_id, 50)
            return _("This policy: {name}").format(name=name)
    return _("This cause: {cause}").format(cause=headline(about.verdict).title)


def subject_of(group: AlertGroup, reach: Reach) -> str:
    """Return what a silence covers, in words for lists; plain text."""
    about = typical(group)
    cause = headline(about.verdict).title
    match reach:
        case Reach.PERSON:
            return f"{safe.line(about.user_name, 80)} ({safe.line(about.user_principal_name, 100)})"
        case Reach.NETWORK:
            return f"{cause}, {safe.line(about.network, 45)}"
        case Reach.POLICY:
            return _("policy {name}").format(name=safe.line(about.policy_name or about.policy_id, 100))
    return cause


def _gone() -> str:
    return _(
        "This alert is over and no longer kept. `{command} why USER` diagnoses anybody, at any time."
    ).format(command=labels.COMMAND)
