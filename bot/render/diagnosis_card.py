"""The answer to `/psso why`: the verdict first, then its evidence, its doubts and what to do."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from bot.domain.aadsts import meaning_of
from bot.domain.diagnosis import Diagnosis, Exhibit
from bot.render import labels, safe
from bot.render.blocks import (
    Block,
    Message,
    actions,
    ago,
    bullets,
    button,
    context,
    message,
    moment,
    numbered,
    section,
)
from bot.render.coverage import coverage_line
from bot.render.phrases import phrase
from bot.render.verdicts import headline, sureness
from bot.render.words import N_, _

WORD = re.compile(
    r"(?=.*[^\W\d])\S{1,80}"
)  # a value as Entra writes it: "enforced"; not a number, not a sentence
DECIDING = (
    "Who demanded MFA",
    "Per-user MFA state",
    "Conditional Access",
    "Tries that failed this way",
    "Last success",
    "The Mac says",
)
"""Exhibits that a helpdesk reads first, in this order."""

IN_ONE_LINE = ("Error code", "App", "Resource", "Time", "Kind of sign-in", "Correlation id", "Request id")

BACKGROUND = (
    "Account",
    "Security defaults setting",
    "Conditional Access policies",
    "Device settings of the tenant",
    "Last password change",
    "Devices of the user",
    "Sign-in methods of the user",
    "Device and place",
    "What would change this",
)
"""Exhibits that are kept for Show sign-ins and the terminal."""

MOST_FACTS = 8

NO_BROKER_SIGN_IN = N_(
    "No sign-in by the Microsoft Authentication Broker in the log; "
    "Entra may take 15-30 min to show a new sign-in."
)
SHARE_QUESTION = N_("Everyone in this conversation will see the verdict and the person's name.")
NOT_HERE = N_("this needs the running bot and the right to ask for changes.")
SITES = {
    "learn.microsoft.com": "Microsoft Learn",
    "support.apple.com": "Apple",
    "developer.apple.com": N_("Apple for developers"),
    "support.jamf.com": "Jamf",
    "login.microsoftonline.com": N_("Microsoft's code look-up"),
}
"""Whose pages a card may link to; anything else is left out."""

LINK_SITES = tuple(f"https://{site}/" for site in SITES)


def diagnosis_card(
    diagnosis: Diagnosis,
    *,
    answer_id: str,
    now: datetime,
    time_zone: str = "UTC",
    can_request: bool = True,
    trouble: str = "",
) -> Message:
    """Return the card for the person who asked; buttons carry `answer_id` and nothing else."""
    offered = diagnosis.can_request_disable and can_request
    parts: list[Block] = [
        section(_verdict(diagnosis)),
        section(safe.prose(phrase(diagnosis.summary), 1500) or "–"),
    ]
    parts += _reasons(diagnosis, time_zone)
    parts += _what_to_do(diagnosis)
    parts += _doubts(diagnosis)
    parts.append(context(*_small_print(diagnosis, now, trouble)))
    if ids := _ids(diagnosis):
        parts.append(context(ids))
    if not offered:
        parts.append(context(_not_offered(diagnosis)))
    parts.append(actions(*_buttons(diagnosis, answer_id, offered)))
    return message(verdict_text(diagnosis), parts, f"answer:{answer_id}:{int(now.timestamp())}")


def verdict_text(diagnosis: Diagnosis) -> str:
    """Return the verdict in one plain line, for notifications and screen readers."""
    head = headline(diagnosis.verdict)
    sure = sureness(diagnosis.confidence)
    return f"{_name(diagnosis)}: {head.tone.mark}: {head.title}. {sure[:1].upper()}{sure[1:]}."


def _verdict(diagnosis: Diagnosis) -> str:
    head = headline(diagnosis.verdict)
    who = _name(diagnosis)
    if diagnosis.user:
        who += f"  {safe.code(diagnosis.user.user_principal_name, 150)}"
    return f"*{head.tone.mark}: {head.title}*\n{sureness(diagnosis.confidence)}  ·  {who}"


def _name(diagnosis: Diagnosis) -> str:
    if diagnosis.user is None:
        return safe.mrkdwn(diagnosis.asked, 150) or _("Nobody")
    return safe.mrkdwn(diagnosis.user.display_name or diagnosis.user.user_principal_name, 150) or "–"


def _reasons(diagnosis: Diagnosis, time_zone: str) -> list[Block]:
    """Return what decided: the sign-in in one line, then the facts that count. Show sign-ins has the rest."""
    told = {one.fact: one for one in diagnosis.evidence}
    lines = _sign_in(told, time_zone)
    named = [told[fact] for fact in DECIDING if fact in told]
    others = [one for one in diagnosis.evidence if one.fact not in {*DECIDING, *IN_ONE_LINE, *BACKGROUND}]
    facts = (named + others)[:MOST_FACTS]
    if not lines:
        quiet = [one for one in diagnosis.evidence if one not in facts and one.fact not in IN_ONE_LINE]
        facts += quiet[: max(0, 3 - len(facts))]
    lines += [_exhibit(one, time_zone) for one in facts]
    return [section(f"*{_('Why')}*\n{bullets(lines, 2900)}")] if lines else []


def _sign_in(told: dict[str, Exhibit], time_zone: str) -> list[str]:
    """Return the deciding sign-in: code, app, resource, time and meaning."""
    code = told.get("Error code")
    if code is None:
        return []
    number, _colon, meaning = code.value.partition(": ")
    app, resource = (told[name].value.rpartition(" (")[0] for name in ("App", "Resource"))
    silent = told["Kind of sign-in"].value == "non-interactive"
    kind = _("in the background") if silent else _("interactive")
    when = f", {moment(code.at, time_zone)}" if code.at else ""
    head = (
        f"*{safe.mrkdwn(number, 40)}*  {safe.mrkdwn(app, 120)} → {safe.mrkdwn(resource, 120)}, {kind}{when}"
    )
    return [f"{head}: {safe.prose(_in_short(number, meaning), 300)}" if meaning else head]


def _ids(diagnosis: Diagnosis) -> str:
    """Return the ids that find the deciding sign-in in Entra, or ""."""
    names = {"Correlation id": _("Correlation id {id}"), "Request id": _("Request id {id}")}
    found = [one for one in diagnosis.evidence if one.fact in names]
    return "\n".join(names[one.fact].format(id=safe.code(one.value)) for one in found)


def _in_short(number: str, meaning: str) -> str:
    """Return what a code means; of one in our list the first sentence, for the summary says what follows."""
    digits, said = number.removeprefix("AADSTS"), phrase(meaning)
    listed = digits.isdecimal() and meaning_of(int(digits)) is not None
    first, more, _rest = said.partition(". ")
    return f"{first}." if listed and more else said


def _exhibit(exhibit: Exhibit, time_zone: str) -> str:
    told = phrase(exhibit.value)
    value = safe.code(told) if WORD.fullmatch(told) else safe.mrkdwn(told, 300)
    when = f", {moment(exhibit.at, time_zone)}" if exhibit.at and exhibit.fact == "Last success" else ""
    return f"{safe.prose(phrase(exhibit.fact), 200)}: {value}{when}"


def _what_to_do(diagnosis: Diagnosis) -> list[Block]:
    remedy = safe.prose(phrase(diagnosis.remedy), 800)
    steps = [safe.prose(phrase(step), 500) for step in diagnosis.steps]
    if not remedy and not steps:
        return []
    lines = [f"*{_('What to do')}*{': ' + remedy if remedy else ''}"]
    if steps:
        lines.append(numbered(steps, 2000))
    return [section("\n".join(lines))]


def _doubts(diagnosis: Diagnosis) -> list[Block]:
    parts: list[Block] = []
    if diagnosis.contributing:
        titles = [headline(name).title for name in diagnosis.contributing]
        parts.append(section(f"*{_('Next in the way, or part of it')}*\n{bullets(titles, 1200)}"))
    if diagnosis.unknown:
        rows = [safe.prose(phrase(row), 400) for row in diagnosis.unknown]
        parts.append(section(f"*{_('What could not be read')}*\n{bullets(rows, 2500)}"))
    parts.append(section(_coverage(diagnosis)))
    return parts


def _coverage(diagnosis: Diagnosis) -> str:
    text = f"*{_('Without per-user MFA')}*\n{coverage_line(diagnosis.coverage)}"
    if diagnosis.coverage.by:
        names = ", ".join(f"*{safe.mrkdwn(phrase(name), 120) or '–'}*" for name in diagnosis.coverage.by[:5])
        text += _(", by {policies}").format(policies=names)
    gaps = [safe.prose(phrase(gap), 300) for gap in diagnosis.coverage.gaps]
    return f"{text}\n{bullets(gaps, 1500)}" if gaps else text


def _small_print(diagnosis: Diagnosis, now: datetime, trouble: str) -> list[str]:
    age = ago((now - diagnosis.read_at).total_seconds())
    lines = [f"{_('Read {age} ago.').format(age=age)} {log_lag(diagnosis, now)}"]
    if trouble:
        lines.append(safe.prose(trouble, 400))
    by_site = {urlsplit(link).hostname: link for link in reversed(diagnosis.links) if _is_safe_link(link)}
    links = [_link(link) for link in reversed(by_site.values())]
    if links:
        lines.append(_("Read more: {links}").format(links=", ".join(links)))
    return lines


def log_lag(diagnosis: Diagnosis, now: datetime) -> str:
    """Return how fresh the sign-in log is."""
    newest = diagnosis.newest_broker_sign_in_at
    if newest is None:
        return _(NO_BROKER_SIGN_IN)
    age = ago((now - newest).total_seconds())
    return _("Newest broker sign-in {age} ago; Entra may take 15-30 min to show a new sign-in.").format(
        age=age
    )


def _link(link: str) -> str:
    """Name a link by whose page it is."""
    return f"<{link}|{_(SITES[urlsplit(link).hostname or ''])}>"


def _is_safe_link(link: str) -> bool:
    return link.startswith(LINK_SITES) and not any(char in "<>|" or char.isspace() for char in link)


def _not_offered(diagnosis: Diagnosis) -> str:
    because = safe.prose(phrase(diagnosis.why_not or NOT_HERE), 600).removesuffix(".")
    return _("{button} is not offered: {because}.").format(button=_(labels.REQUEST_DISABLE), because=because)


def _buttons(diagnosis: Diagnosis, answer_id: str, offered: bool) -> list[Block]:
    made = []
    if offered:
        made.append(button(labels.REQUEST_DISABLE, labels.ON_REQUEST_DISABLE, answer_id, style="primary"))
    made.append(button(labels.CHECK_AGAIN, labels.ON_CHECK_AGAIN, answer_id))
    if diagnosis.user:
        made.append(button(labels.SHOW_SIGN_INS, labels.ON_SHOW_SIGN_INS, answer_id))
        made.append(button(labels.PASTE_APP_SSO, labels.ON_PASTE, answer_id))
    made.append(button(labels.SHARE, labels.ON_SHARE, answer_id, ask=_(SHARE_QUESTION)))
    return made
