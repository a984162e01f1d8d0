"""Small checks a Block Kit schema is written in: each takes a value, its JSON pointer and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Report:
    """Errors found so far, and what must be unique on a surface."""

    surface: str
    errors: list[str] = field(default_factory=list)
    block_ids: set[str] = field(default_factory=set)
    action_ids: set[str] = field(default_factory=set)

    def add(self, problem: str, pointer: str) -> None:
        """Record a problem in the form Slack words its own."""
        self.errors.append(f"{problem} [json-pointer:{pointer}]")


Check = Callable[[Any, str, Report], None]


def string(most: int, least: int = 1) -> Check:
    """A string of `least`..`most` characters."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, str):
            report.add("must provide a string", pointer)
        elif len(value) > most:
            report.add(f"must be less than {most + 1} characters", pointer)
        elif len(value) < least:
            report.add(f"must be more than {least - 1} characters", pointer)

    return check


def integer(least: int, most: int) -> Check:
    """A whole number within bounds."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            report.add("must provide an integer", pointer)
        elif not least <= value <= most:
            report.add(f"must be between {least} and {most}", pointer)

    return check


def one_of(*allowed: str) -> Check:
    """One of the named values."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if value not in allowed:
            report.add(f"must be one of {', '.join(allowed)}", pointer)

    return check


def boolean(value: Any, pointer: str, report: Report) -> None:
    """True or false."""
    if not isinstance(value, bool):
        report.add("must provide a boolean", pointer)


def anything(_value: Any, _pointer: str, _report: Report) -> None:
    """Not looked at."""


def array(check_item: Check, most: int, least: int = 1) -> Check:
    """A list of `least`..`most` items."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, list):
            report.add("must provide an array", pointer)
            return
        if len(value) > most:
            report.add(f"no more than {most} items allowed", pointer)
        if len(value) < least:
            report.add(f"no fewer than {least} items allowed", pointer)
        for index, item in enumerate(value):
            check_item(item, f"{pointer}/{index}", report)

    return check


@dataclass(frozen=True, slots=True)
class Shape:
    """The properties an object may have; anything else is an error."""

    required: Mapping[str, Check] = field(default_factory=dict)
    optional: Mapping[str, Check] = field(default_factory=dict)

    def __call__(self, value: Any, pointer: str, report: Report) -> None:
        """Check an object against the shape."""
        if not isinstance(value, Mapping):
            report.add("must provide an object", pointer)
            return
        for name in self.required:
            if value.get(name) is None:
                report.add(f"missing required field: {name}", pointer)
        for name, item in value.items():
            check = self.required.get(name) or self.optional.get(name)
            if check is None:
                report.add(f"invalid additional property: {name}", pointer)
            elif item is not None or name in self.optional:
                check(item, f"{pointer}/{name}", report)


def typed(table: Mapping[str, Check], *kinds: str) -> Check:
    """An object whose `type` picks its check from the table; `kinds` narrows which types fit here."""

    def check(value: Any, pointer: str, report: Report) -> None:
        kind = value.get("type") if isinstance(value, Mapping) else None
        chosen = table.get(str(kind)) if not kinds or kind in kinds else None
        if chosen is None:
            report.add(f"unsupported type: {kind}", f"{pointer}/type")
        else:
            chosen(value, pointer, report)

    return check


def all_of(*checks: Check) -> Check:
    """Every check in turn."""

    def check(value: Any, pointer: str, report: Report) -> None:
        for one in checks:
            one(value, pointer, report)

    return check


def exactly_one(*names: str) -> Check:
    """An object with one of the properties and not another."""

    def check(value: Any, pointer: str, report: Report) -> None:
        present = [name for name in names if isinstance(value, Mapping) and value.get(name) is not None]
        if isinstance(value, Mapping) and len(present) != 1:
            report.add("must define either " + " or ".join(f"`{name}`" for name in names), pointer)

    return check


def at_least_one(*names: str) -> Check:
    """An object with any of the properties."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if isinstance(value, Mapping) and all(value.get(name) is None for name in names):
            report.add("must define either " + " or ".join(f"`{name}`" for name in names), pointer)

    return check


def unique(names: str) -> Check:
    """A `block_id` or `action_id` of 1..255 characters that no sibling has; `names` is the Report's set."""
    length = string(255)

    def check(value: Any, pointer: str, report: Report) -> None:
        length(value, pointer, report)
        seen: set[str] = getattr(report, names)
        if isinstance(value, str):
            if value in seen:
                report.add(f"`{names.removesuffix('s')}` {value} already exists", pointer)
            seen.add(value)

    return check
