"""The answer to `/psso why`: the verdict first, then its evidence, its doubts and what to do."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

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
from bot.render.coverage import coverage_words
from bot.render.verdicts import headline, sureness

MOST_EXHIBITS = 20
LONGEST_CODE = 80  # longer values are sentences, and read better as such
LOG_LAG = "Entra may take 15-30 min to show a new sign-in"
NO_BROKER_SIGN_IN = f"No sign-in by the Microsoft Authentication Broker in the log; {LOG_LAG}."
SHARE_QUESTION = "Everyone in this conversation will see the verdict and the person's name."
LINK_SITES = (
    "https://learn.microsoft.com/",
    "https://support.apple.com/",
    "https://support.jamf.com/",
    "https://login.microsoftonline.com/",
)


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
    parts: list[Block] = [section(_verdict(diagnosis)), section(safe.prose(diagnosis.summary, 1500) or "–")]
    parts += _reasons(diagnosis, time_zone)
    parts += _what_to_do(diagnosis)
    parts += _doubts(diagnosis)
    parts.append(context(*_small_print(diagnosis, now, trouble)))
    if not offered:
        parts.append(context(_not_offered(diagnosis)))
    parts.append(actions(*_buttons(diagnosis, answer_id, offered)))
    return message(verdict_text(diagnosis), parts, f"answer:{answer_id}:{int(now.timestamp())}")


def verdict_text(diagnosis: Diagnosis) -> str:
    """Return the verdict in one plain line, for notifications and screen readers."""
    head = headline(diagnosis.verdict)
    sure = sureness(diagnosis.confidence)
    return f"{_name(diagnosis)}: {head.tone.mark}: {head.title}. {sure.capitalize()}."


def _verdict(diagnosis: Diagnosis) -> str:
    head = headline(diagnosis.verdict)
    who = _name(diagnosis)
    if diagnosis.user:
        who += f"  {safe.code(diagnosis.user.user_principal_name, 150)}"
    return f"*{head.tone.mark}: {head.title}*\n{sureness(diagnosis.confidence)}  ·  {who}"


def _name(diagnosis: Diagnosis) -> str:
    if diagnosis.user is None:
        return safe.mrkdwn(diagnosis.asked, 150) or "Nobody"
    return safe.mrkdwn(diagnosis.user.display_name or diagnosis.user.user_principal_name, 150) or "–"


def _reasons(diagnosis: Diagnosis, time_zone: str) -> list[Block]:
    """Return the evidence, all that happened or was read at one time under one heading."""
    exhibits = [one for one in diagnosis.evidence if not (one.at and one.fact == "Time")]
    groups: dict[datetime | None, list[Exhibit]] = {}
    for exhibit in exhibits[:MOST_EXHIBITS]:
        groups.setdefault(exhibit.at, []).append(exhibit)
    texts = [_group(at, found, time_zone) for at, found in groups.items()]
    state = diagnosis.per_user_mfa_state
    if state is not None and not any("per-user mfa state" in one.fact.lower() for one in exhibits):
        texts.append(f"Per-user MFA state, read {moment(diagnosis.read_at, time_zone)}: {safe.code(state)}")
    if len(exhibits) > MOST_EXHIBITS:
        texts.append(f"… and {len(exhibits) - MOST_EXHIBITS} more; `psso-bot why` on a terminal prints all")
    return [section(text) for text in (f"*Why*\n{texts[0]}", *texts[1:])] if texts else []


def _group(at: datetime | None, exhibits: list[Exhibit], time_zone: str) -> str:
    sources = {"Sign-in log" if "signIns" in one.source else "Microsoft Graph" for one in exhibits}
    when = f", {moment(at, time_zone)}" if at else ""
    return f"_{' and '.join(sorted(sources))}_{when}\n{bullets([_exhibit(one) for one in exhibits], 2800)}"


def _exhibit(exhibit: Exhibit) -> str:
    fits = safe.width(exhibit.value) <= LONGEST_CODE
    value = safe.code(exhibit.value) if fits else safe.mrkdwn(exhibit.value, 300)
    return f"{safe.prose(exhibit.fact, 200)}: {value}"


def _what_to_do(diagnosis: Diagnosis) -> list[Block]:
    remedy = safe.prose(diagnosis.remedy, 800)
    steps = [safe.prose(step, 500) for step in diagnosis.steps]
    if not remedy and not steps:
        return []
    lines = [f"*What to do*{': ' + remedy if remedy else ''}"]
    if steps:
        lines.append(numbered(steps, 2000))
    return [section("\n".join(lines))]


def _doubts(diagnosis: Diagnosis) -> list[Block]:
    parts: list[Block] = []
    if diagnosis.contributing:
        titles = [headline(name).title for name in diagnosis.contributing]
        parts.append(section(f"*Next in the way, or part of it*\n{bullets(titles, 1200)}"))
    if diagnosis.unknown:
        rows = [safe.prose(row, 400) for row in diagnosis.unknown]
        parts.append(section(f"*What could not be read*\n{bullets(rows, 2500)}"))
    parts.append(section(_coverage(diagnosis)))
    return parts


def _coverage(diagnosis: Diagnosis) -> str:
    text = f"*Without per-user MFA*: {coverage_words(diagnosis.coverage)}"
    if diagnosis.coverage.by:
        text += f", by {', '.join(safe.code(name, 120) for name in diagnosis.coverage.by[:5])}"
    gaps = [safe.prose(gap, 300) for gap in diagnosis.coverage.gaps]
    return f"{text}\n{bullets(gaps, 1500)}" if gaps else text


def _small_print(diagnosis: Diagnosis, now: datetime, trouble: str) -> list[str]:
    age = ago((now - diagnosis.read_at).total_seconds())
    lines = [f"Read {age} ago. {log_lag(diagnosis, now)}"]
    if trouble:
        lines.append(safe.prose(trouble, 400))
    links = [_link(link) for link in diagnosis.links if _is_safe_link(link)]
    if links:
        lines.append(f"Read more: {', '.join(links[:4])}")
    return lines


def log_lag(diagnosis: Diagnosis, now: datetime) -> str:
    """Return how fresh the sign-in log is."""
    newest = diagnosis.newest_broker_sign_in_at
    if newest is None:
        return NO_BROKER_SIGN_IN
    return f"Newest broker sign-in {ago((now - newest).total_seconds())} ago; {LOG_LAG}."


def _link(link: str) -> str:
    """Name a link by its site and last part."""
    address = urlsplit(link)
    last = address.path.rstrip("/").rpartition("/")[2]
    return f"<{link}|{safe.mrkdwn(f'{address.hostname} {last}'.strip(), 80)}>"


def _is_safe_link(link: str) -> bool:
    return link.startswith(LINK_SITES) and not any(char in "<>|" or char.isspace() for char in link)


def _not_offered(diagnosis: Diagnosis) -> str:
    because = diagnosis.why_not or "this needs the running bot and the right to ask for changes."
    return f"{labels.REQUEST_DISABLE} is not offered: {safe.prose(because, 600)}"


def _buttons(diagnosis: Diagnosis, answer_id: str, offered: bool) -> list[Block]:
    made = []
    if offered:
        made.append(button(labels.REQUEST_DISABLE, labels.ON_REQUEST_DISABLE, answer_id, style="primary"))
    made.append(button(labels.CHECK_AGAIN, labels.ON_CHECK_AGAIN, answer_id))
    if diagnosis.user:
        made.append(button(labels.SHOW_SIGN_INS, labels.ON_SHOW_SIGN_INS, answer_id))
        made.append(button(labels.PASTE_APP_SSO, labels.ON_PASTE, answer_id))
    made.append(button(labels.SHARE, labels.ON_SHARE, answer_id, ask=SHARE_QUESTION))
    return made
