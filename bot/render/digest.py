"""The weekly digest in words: the comment beside the picture, its alt text, and what the picture says."""

from __future__ import annotations

from datetime import date
from typing import Any

from bot.domain.digest import CauseDays, Spread, Week
from bot.render.blocks import ago, bullets
from bot.render.calendar_words import month, short_day, weekday
from bot.render.verdicts import headline
from bot.render.words import _, ngettext, number

MOST_LISTED = 3


def title(week: Week) -> str:
    """Return what the digest is about, and of when."""
    return _("Blocked registrations, {dates}").format(dates=_dates(week.days))


def comment(week: Week) -> str:
    """Return the message in mrkdwn: how many, why, and how long it took."""
    if not week.total:
        return "\n".join([f"*{title(week)}*", _calm(), *_fix_lines(week)])
    rows = [
        f"*{title(week)}*",
        _stopped(week),
        bullets([_cause_line(cause) for cause in week.causes[:MOST_LISTED]]),
        *_fix_lines(week),
        _("A person counts once a day and cause. Days are those of UTC."),
    ]
    return "\n".join(rows)


def _stopped(week: Week) -> str:
    if week.before:
        words = ngettext(
            "Somebody was kept from registering once, {change}.",
            "People were kept from registering {count} times, {change}.",
            week.total,
        )
        return words.format(count=_number(week.total), change=_change(week))
    words = ngettext(
        "Somebody was kept from registering once.",
        "People were kept from registering {count} times.",
        week.total,
    )
    return words.format(count=_number(week.total))


def alt_text(week: Week) -> str:
    """Return the picture in words, for those who do not see it; at most 1,000 characters."""
    if not week.total:
        return f"{title(week)}. {_calm()}"
    days = ", ".join(
        f"{weekday(day.weekday())} {_number(count)}"
        for day, count in zip(week.days, week.by_day, strict=True)
    )
    causes = "; ".join(f"{_name(cause)} {_number(cause.total)}" for cause in week.causes)
    said = [
        f"{title(week)}.",
        _("A bar chart of blocked people by day: {days}.").format(days=days),
        _("By cause: {causes}.").format(causes=causes),
        *_fix_lines(week),
    ]
    return " ".join(said)[:1000]


def chart_of(week: Week) -> dict[str, Any]:
    """Return what the picture shows, every word and figure of it, as JSON has it."""
    return {
        "title": title(week),
        "subtitle": _subtitle(week),
        "empty": "" if week.total else _calm(),
        "days": [_day(day, is_first=nth == 0 or day.day == 1) for nth, day in enumerate(week.days)],
        "totals": list(week.by_day),
        "causes": [
            {"name": _name(cause), "counts": list(cause.counts), "is_rest": not cause.verdict}
            for cause in week.causes
        ],
        "fixes": [_drawn(fix) for fix in week.fixes],
        "fix_title": _fix_title(week),
        "fix_note": _("The dot is the median; half of the people lie on the bar."),
        "no_fixes": _("Nobody was seen to register after a failure."),
    }


def _calm() -> str:
    return _("A quiet week: nobody was seen to be kept from registering.")


def _number(count: int) -> str:
    return number(count)


def _dates(days: tuple[date, ...]) -> str:
    first, last = days[0], days[-1]
    if first.year != last.year:
        return f"{_full(first)} – {_full(last)}"
    if first.month != last.month:
        return f"{short_day(first)} – {_full(last)}"
    return _("{first}–{last} {month} {year}").format(
        first=first.day, last=last.day, month=month(last), year=last.year
    )


def _full(day: date) -> str:
    return _("{day} {month} {year}").format(day=day.day, month=month(day), year=day.year)


def _day(day: date, *, is_first: bool) -> str:
    return f"{weekday(day.weekday())}\n{short_day(day) if is_first else day.day}"


def _change(week: Week) -> str:
    """Return how the total compares with the week before."""
    assert week.change is not None
    before = _number(week.before or 0)
    if week.change >= 1:
        times = round(week.change + 1)
        return _("about {times} times as many as the week before ({before})").format(
            times=times, before=before
        )
    percent = round(abs(week.change) * 100)
    if not percent:
        return _("as many as the week before ({before})").format(before=before)
    if week.change > 0:
        return _("{percent} % more than the week before ({before})").format(percent=percent, before=before)
    return _("{percent} % fewer than the week before ({before})").format(percent=percent, before=before)


def _subtitle(week: Week) -> str:
    if not week.total:
        if week.before:
            return _("None, after {before} the week before").format(before=_number(week.before))
        return _("None")
    said = _("{count} in all").format(count=_number(week.total))
    return f"{said}, {_change(week)}" if week.before else said


def _fix_title(week: Week) -> str:
    if week.fix is None:
        return _("From the first failure to the registration")
    return _("First failure to registration: {time}").format(time=ago(week.fix.middle))


def _name(cause: CauseDays) -> str:
    if cause.verdict:
        return headline(cause.verdict).title
    return ngettext("{count} other cause", "{count} other causes", cause.causes).format(count=cause.causes)


def _cause_line(cause: CauseDays) -> str:
    return f"{_name(cause)}: {_number(cause.total)}"


def _fix_lines(week: Week) -> list[str]:
    if week.fix is None:
        return []
    said = _(
        "From the first failure to the registration it took {time} at the median ({people} people, half of "
        "them between {low} and {high})."
    )
    if week.fix.people == 1:
        said = _("From the first failure to the registration it took {time} (1 person).")
    line = said.format(
        time=ago(week.fix.middle),
        people=_number(week.fix.people),
        low=ago(week.fix.low),
        high=ago(week.fix.high),
    )
    if week.fix_before is not None:
        line += " " + _("The week before: {time}.").format(time=ago(week.fix_before.middle))
    return [line]


def _drawn(fix: Spread | None) -> dict[str, Any] | None:
    if fix is None:
        return None
    return {"low": fix.low, "middle": fix.middle, "high": fix.high, "words": ago(fix.middle)}
