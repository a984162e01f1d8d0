"""The report of shadow mode: one card that says what a week of alerts would have been worth."""

from __future__ import annotations

from bot.domain.shadow import CauseWorth, ShadowReport
from bot.render.blocks import Message, bullets, context, fields, message, moment, section
from bot.render.verdicts import headline
from bot.render.words import _, ngettext

MOST_CAUSES = 10


def shadow_card(report: ShadowReport) -> Message:
    """Return the card: the share of alerts that would have been right, how many, and why."""
    title = _title(report)
    blocks = [section(f"*{title}*\n{_meaning(report)}")]
    if report.alerts:
        blocks.append(
            fields(
                f"*{_('Alerts')}*\n{report.alerts:,}",
                f"*{_('People')}*\n{report.people:,}",
                f"*{_('Stayed blocked over 10 min')}*\n{report.right:,}",
                f"*{_('Through by themselves sooner')}*\n{report.noise:,}",
            )
        )
        blocks.append(section(bullets([_cause(cause) for cause in report.causes[:MOST_CAUSES]])))
    blocks.append(context(*_small_print(report)))
    return message(title, blocks, f"shadow:{report.since:%Y%m%d}")


def _title(report: ShadowReport) -> str:
    if not report.alerts:
        return _("Shadow mode: no alert would have been posted")
    if report.precision is None:
        return ngettext(
            "Shadow mode: {count} alert would have been posted, too fresh to judge",
            "Shadow mode: {count} alerts would have been posted, too fresh to judge",
            report.alerts,
        ).format(count=f"{report.alerts:,}")
    percent = f"{int(report.precision * 100)} %"
    return _("Shadow mode: {percent} of the alerts would have been right").format(percent=percent)


def _meaning(report: ShadowReport) -> str:
    if not report.alerts:
        return _("Nobody was seen to be kept from registering in a way that is posted.")
    return _("Right means: somebody was still blocked ten minutes after the first failure.")


def _cause(cause: CauseWorth) -> str:
    alerts = ngettext("{count} alert", "{count} alerts", cause.alerts).format(count=f"{cause.alerts:,}")
    people = ngettext("{count} person", "{count} people", cause.people).format(count=f"{cause.people:,}")
    said = f"{headline(cause.verdict).title}: {alerts}, {people}"
    if cause.noise:
        said += ", " + _("{count} of them through by themselves").format(count=f"{cause.noise:,}")
    return said


def _small_print(report: ShadowReport) -> list[str]:
    said = [
        _("From {since} to {until}. Nothing was posted meanwhile.").format(
            since=moment(report.since), until=moment(report.until)
        )
    ]
    if report.is_sample and report.alerts:
        kept = report.judged + report.too_fresh
        said.append(_("People, causes and shares are of the newest {kept} alerts.").format(kept=f"{kept:,}"))
    if report.too_fresh:
        words = ngettext(
            "{count} is too fresh to judge.", "{count} are too fresh to judge.", report.too_fresh
        )
        said.append(words.format(count=f"{report.too_fresh:,}"))
    said.append(_("To have alerts posted, whoever runs the bot unsets PSSO_SHADOW and starts it again."))
    return said
