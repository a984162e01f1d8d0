"""The sweep in words: rows for a terminal, JSON and CSV, and the list for Slack."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.sweep import Swept, Tally
from bot.ports import SweepReport
from bot.render import safe
from bot.render.blocks import Message, ago, bullets, context, message, section
from bot.render.failure import in_words

COLUMNS = ("id", "userPrincipalName", "displayName", "perUserMfaState", "accountEnabled")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that make a spreadsheet compute a cell. https://owasp.org/www-community/attacks/CSV_Injection"""

READING = "Reading every user's per-user MFA state … this can take some minutes in a large tenant."
WHOLE_LIST = "The whole list: `psso-bot sweep` at a terminal, with `--csv FILE` for a spreadsheet."
HEADING = f"{'state':<9} {'account':<9} user"


def sweep_json(swept: Swept) -> dict[str, str | bool | None]:
    """Return one account as `--json` prints it."""
    values = (swept.id, swept.user_principal_name, swept.display_name, swept.state, swept.account_enabled)
    return dict(zip(COLUMNS, values, strict=True))


def sweep_cells(swept: Swept) -> list[str]:
    """Return one account as a line of a CSV file; a state that could not be read is "unknown"."""
    enabled = {True: "true", False: "false", None: ""}[swept.account_enabled]
    cells = [swept.id, swept.user_principal_name, swept.display_name, swept.state or "unknown", enabled]
    return [f"'{cell}" if cell.startswith(FORMULA) else str(cell) for cell in cells]


def sweep_row(swept: Swept) -> str:
    """Return one account as a line of a terminal's table."""
    name, address = safe.line(swept.display_name, 100), safe.line(swept.user_principal_name, 300)
    who = f"{name}  {address}".strip() or swept.id
    return f"{swept.state or 'unknown':<9} {_account(swept):<9} {who}{_guest(swept)}"


def summary(tally: Tally, took: timedelta) -> str:
    """Return the count in plain sentences, with what could not be read."""
    parts = [
        f"{_users(tally.read)} read in {ago(took.total_seconds())}: per-user MFA is enforced for "
        f"{tally.enforced}, enabled for {tally.enabled}, disabled for {tally.disabled}.",
        *_doubts(tally),
    ]
    return " ".join(parts)


def sweep_message(report: SweepReport, *, now: datetime, key: str) -> Message:
    """Return the last sweep for Slack: the count, the first names, how old, and where the whole list is."""
    tally = report.tally
    if not report.ended:
        return _unended(report, key)
    title = f"Per-user MFA is on for {tally.hits} of {_users(tally.read)}"
    counts = f"enforced {tally.enforced}  ·  enabled {tally.enabled}  ·  disabled {tally.disabled}"
    blocks = [section(f"*{title}*\n{counts}")]
    if report.first:
        more = tally.hits - len(report.first)
        rows = [_slack_row(swept) for swept in report.first]
        blocks.append(section(bullets(rows)))
        blocks += [context(f"{more} more are not shown.")] if more > 0 else []
    blocks += [section(safe.prose(doubt)) for doubt in _doubts(tally)]
    age = ago((now - report.at).total_seconds())
    blocks.append(context(f"Read {age} ago; read anew at most every 10 minutes.", WHOLE_LIST))
    return message(title, blocks, f"sweep:{key}")


def _unended(report: SweepReport, key: str) -> Message:
    so_far = f"{_users(report.tally.read)} read so far, {report.tally.hits} of them with per-user MFA on."
    if report.trouble is not None:
        title, said = "The list could not be read to its end", safe.prose(in_words(report.trouble))
    else:
        title, said = "Still reading", "Ask again in a minute with `/psso sweep`; the reading goes on."
    return message(title, [section(f"*{title}*\n{said}\n{so_far}"), context(WHOLE_LIST)], f"sweep:{key}")


def _doubts(tally: Tally) -> list[str]:
    said = []
    if tally.unread:
        names = ", ".join(safe.line(name, 100) for name in tally.unread_names)
        more = f" and {tally.unread - len(tally.unread_names)} more" if tally.unread > 10 else ""
        why = " ".join(in_words(trouble) for trouble in tally.troubles)
        said.append(
            f"The list is not complete: the state of {_users(tally.unread)} could not be read "
            f"({names}{more}). {why}"
        )
    if tally.uncompared:
        said.append(
            "The states come from Graph's list of users and could not be compared with single reads, "
            "for which the app needs Policy.Read.All."
        )
    return said


def _slack_row(swept: Swept) -> str:
    name = safe.mrkdwn(swept.display_name, 60)
    off = ", account disabled" if swept.account_enabled is False else ""
    return f"{name} {safe.code(swept.user_principal_name, 80)}: {swept.state}{off}{_guest(swept)}"


def _account(swept: Swept) -> str:
    return {True: "enabled", False: "disabled", None: "unknown"}[swept.account_enabled]


def _guest(swept: Swept) -> str:
    return "  (guest)" if swept.user_type == "Guest" else ""


def _users(count: int) -> str:
    return f"{count} user{'' if count == 1 else 's'}"
