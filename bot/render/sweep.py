"""The sweep in words: rows for a terminal, JSON and CSV, and the list for Slack."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.sweep import Swept, Tally
from bot.ports import SweepReport
from bot.render import safe
from bot.render.blocks import Message, ago, bullets, context, message, section
from bot.render.failure import in_words
from bot.render.words import N_, _, ngettext

COLUMNS = ("id", "userPrincipalName", "displayName", "perUserMfaState", "accountEnabled")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that make a spreadsheet compute a cell. https://owasp.org/www-community/attacks/CSV_Injection"""

READING = N_("Reading every user's per-user MFA state … this can take some minutes in a large tenant.")
WHOLE_LIST = N_("The whole list: `psso-bot sweep` at a terminal, with `--csv FILE` for a spreadsheet.")
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
    counted = _(
        "{users} read in {span}: per-user MFA is enforced for {enforced}, enabled for {enabled}, "
        "disabled for {disabled}."
    ).format(
        users=_users(tally.read),
        span=ago(took.total_seconds()),
        enforced=tally.enforced,
        enabled=tally.enabled,
        disabled=tally.disabled,
    )
    return " ".join([counted, *_doubts(tally)])


def sweep_message(report: SweepReport, *, now: datetime, key: str) -> Message:
    """Return the last sweep for Slack: the count, the first names, how old, and where the whole list is."""
    tally = report.tally
    if not report.ended:
        return _unended(report, key)
    title = _("Per-user MFA is on for {hits} of {users}").format(hits=tally.hits, users=_users(tally.read))
    counts = f"enforced {tally.enforced}  ·  enabled {tally.enabled}  ·  disabled {tally.disabled}"
    blocks = [section(f"*{title}*\n{counts}")]
    if report.first:
        more = tally.hits - len(report.first)
        rows = [_slack_row(swept) for swept in report.first]
        blocks.append(section(bullets(rows)))
        words = ngettext("{count} more is not shown.", "{count} more are not shown.", more)
        blocks += [context(words.format(count=more))] if more > 0 else []
    blocks += [section(safe.prose(doubt)) for doubt in _doubts(tally)]
    age = ago((now - report.at).total_seconds())
    blocks.append(
        context(_("Read {age} ago; read anew at most every 10 minutes.").format(age=age), _(WHOLE_LIST))
    )
    return message(title, blocks, f"sweep:{key}")


def _unended(report: SweepReport, key: str) -> Message:
    so_far = _("{users} read so far, {hits} of them with per-user MFA on.").format(
        users=_users(report.tally.read), hits=report.tally.hits
    )
    if report.trouble is not None:
        title, said = _("The list could not be read to its end"), safe.prose(in_words(report.trouble))
    else:
        title = _("Still reading")
        said = _("Ask again in a minute with `/psso sweep`; the reading goes on.")
    return message(title, [section(f"*{title}*\n{said}\n{so_far}"), context(_(WHOLE_LIST))], f"sweep:{key}")


def _doubts(tally: Tally) -> list[str]:
    said = []
    if tally.unread:
        names = ", ".join(safe.line(name, 100) for name in tally.unread_names)
        left = tally.unread - len(tally.unread_names)
        more = " " + _("and {count} more").format(count=left) if tally.unread > 10 else ""
        why = " ".join(in_words(trouble) for trouble in tally.troubles)
        said.append(
            _("The list is not complete: the state of {users} could not be read ({names}). {why}").format(
                users=_users(tally.unread), names=f"{names}{more}", why=why
            )
        )
    if tally.uncompared:
        said.append(
            _(
                "The states come from Graph's list of users and could not be compared with single reads, "
                "for which the app needs Policy.Read.All."
            )
        )
    return said


def _slack_row(swept: Swept) -> str:
    name = safe.mrkdwn(swept.display_name, 60)
    off = f", {_('account disabled')}" if swept.account_enabled is False else ""
    return f"{name} {safe.code(swept.user_principal_name, 80)}: {swept.state}{off}{_guest(swept)}"


def _account(swept: Swept) -> str:
    return {True: "enabled", False: "disabled", None: "unknown"}[swept.account_enabled]


def _guest(swept: Swept) -> str:
    return f"  ({_('guest')})" if swept.user_type == "Guest" else ""


def _users(count: int) -> str:
    return ngettext("{count} user", "{count} users", count).format(count=count)
