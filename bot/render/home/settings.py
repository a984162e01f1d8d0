"""Who the reader is to the bot, and the settings in force that concern them."""

from __future__ import annotations

from datetime import timedelta

from bot.ports import Rules
from bot.render import safe
from bot.render.alert_routes import route_lines, rule_lines
from bot.render.blocks import Block, ago, bullets, header, section
from bot.render.hours import hours_in_words
from bot.render.reader import Reader
from bot.render.words import _, ngettext


def you_blocks(reader: Reader, rules: Rules) -> list[Block]:
    """Return the reader's standing and the rules."""
    blocks = [
        header(_("You")),
        section(_about(reader)),
        section(f"*{_('Rules in force')}*\n{bullets(_rules(rules, reader))}"),
    ]
    if reader.approves and (rules.alert_channel or rules.alert_routes):
        alerts = [*route_lines(rules), *rule_lines(rules)]
        blocks.append(section(f"*{_('Alerts')}*\n{bullets(alerts)}"))
    return blocks


def _about(reader: Reader) -> str:
    if reader.entra is not None:
        matched = _("In Entra you are *{name}*, {account}.").format(
            name=safe.mrkdwn(reader.entra.display_name, 120) or "–",
            account=safe.code(reader.entra.user_principal_name, 200),
        )
    elif reader.unread:
        matched = _("▲ Who you are in Entra could not be read just now. Open this tab again in a minute.")
    else:
        nobody = _("▲ Nobody in Entra is matched to you.")
        matched = f"{nobody} {safe.prose(reader.trouble, 400)}".strip()
    if reader.approves:
        may = _("You may ask, request changes, and decide what others requested.")
    else:
        may = _("You may ask and request changes. Approvers decide.")
    return f"{matched}\n{may}"


def _rules(rules: Rules, reader: Reader) -> list[str]:
    lines = [
        _("A request stays open for {span}; requester and target never decide it").format(
            span=_span(rules.request_lifetime)
        ),
        _("Answers look back {span}").format(span=_span(rules.lookback)),
        _uncovered(rules.uncovered),
        _("After a change the next registration is watched for {span}").format(span=_span(rules.follow_for)),
    ]
    if rules.hours is not None:
        words = _("Outside {hours} a request needs two approvers")
        lines.append(words.format(hours=hours_in_words(rules.hours)))
    if not reader.approves:
        return lines
    soonest = f"{rules.vote_no_sooner.total_seconds():g} s"
    words = ngettext(
        "More than {count} change in an hour puts all others on hold",
        "More than {count} changes in an hour put all others on hold",
        rules.most_disables_per_hour,
    )
    lines += [
        _("A click sooner than {span} after the card appeared is refused").format(span=soonest),
        words.format(count=rules.most_disables_per_hour),
    ]
    if rules.step_up:
        lines.append(_("Approving a request that needs two takes a fresh sign-in to Entra"))
    return lines


def _span(span: timedelta) -> str:
    return ago(span.total_seconds())


def _uncovered(setting: str) -> str:
    if setting == "two":
        return _("When nothing else would surely demand MFA of the person, two approvers are needed")
    return _("When nothing else would surely demand MFA of the person, the change cannot be requested")
