"""Coverage gaps in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from bot.domain.places import Atlas, Place
from bot.domain.policy_slices import (
    ACTIVE_SYNC,
    BROWSER,
    CLIENTS,
    DESKTOP,
    DEVICES,
    MACOS,
    OFFICE_365,
    OTHER_CLIENTS,
    PLATFORMS,
    REGISTERED,
    UNRECOGNISED,
    Application,
    Axis,
    Box,
    Grid,
)

P = TypeVar("P")

MOST_NAMES = 6

CLIENT_WORDS = {
    BROWSER: "browsers",
    DESKTOP: "desktop and mobile apps",
    ACTIVE_SYNC: "Exchange ActiveSync",
    OTHER_CLIENTS: "legacy clients",
}
PLATFORM_WORDS = {
    MACOS: "macOS",
    "windows": "Windows",
    "ios": "iOS",
    "android": "Android",
    "linux": "Linux",
    "windowsphone": "Windows Phone",
    UNRECOGNISED: "a platform Entra does not recognise",
}
APPLICATION_WORDS = {
    OFFICE_365: "Office 365",
    "microsoftadminportals": "Microsoft admin portals",
    "00000003-0000-0ff1-ce00-000000000000": "SharePoint Online",
    "00000002-0000-0ff1-ce00-000000000000": "Exchange Online",
    "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe": "Microsoft Teams",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013": "Windows Azure Service Management API",
    "00000003-0000-0000-c000-000000000000": "Microsoft Graph",
}


def open_sentence(box: Box, grid: Grid) -> str | None:
    """Say what sign-ins nobody asks for MFA, or None when only the device sets them apart.

    What a policy spares by device is said with that policy's name.
    """
    whole = grid.whole
    parts: dict[Axis, Callable[[int], str]] = {
        Axis.CLIENT: lambda part: f"with {_listed(_kept(CLIENTS, part), CLIENT_WORDS)}",
        Axis.PLATFORM: lambda part: f"on {_platforms(part)}",
        Axis.PLACE: lambda part: _places(_split(grid.places, part), grid.atlas),
        Axis.APPLICATION: lambda part: f"for {_applications(_split(grid.applications, part))}",
        Axis.DEVICE: lambda part: (
            "on a registered device" if REGISTERED in _kept(DEVICES, part) else "on an unregistered device"
        ),
    }
    narrowed = [axis for axis in parts if box[axis] != whole[axis]]
    if narrowed in ([], [Axis.DEVICE]):
        return None
    return f"Not asked for MFA {', '.join(parts[axis](box[axis]) for axis in narrowed)}."


def joined(names: Iterable[str], word: str = "and") -> str:
    """Join names as people do; beyond a handful, count the rest."""
    ordered = list(dict.fromkeys(names))
    if len(ordered) > MOST_NAMES:
        ordered = [*ordered[:MOST_NAMES], f"{len(ordered) - MOST_NAMES} more"]
    return ordered[0] if len(ordered) == 1 else f"{', '.join(ordered[:-1])} {word} {ordered[-1]}"


def quoted(names: Iterable[str]) -> str:
    """Join policy names in quotation marks."""
    return joined(f"“{name}”" for name in names)


def _kept(values: Sequence[P], part: int) -> list[P]:
    return [value for index, value in enumerate(values) if part >> index & 1]


def _split(values: Sequence[P], part: int) -> tuple[list[P], list[P]]:
    return _kept(values, part), _kept(values, ~part)


def _listed(values: Iterable[str], words: dict[str, str]) -> str:
    return joined(words.get(value, value) for value in values)


def _platforms(part: int) -> str:
    left_open, closed = _split(PLATFORMS, part)
    if UNRECOGNISED in left_open and len(closed) < len(left_open):
        return f"any platform but {_listed(closed, PLATFORM_WORDS)}"
    return joined((PLATFORM_WORDS[value] for value in left_open), "or")


def _places(sides: tuple[list[Place], list[Place]], atlas: Atlas) -> str:
    left_open, closed = sides
    if all(place.ids for place in left_open):
        return f"at {joined(_place_names(left_open, atlas), 'or')}"
    return f"outside {joined(_place_names(closed, atlas), 'or')}"


def _place_names(places: Iterable[Place], atlas: Atlas) -> Iterable[str]:
    """Name places; one that is part of a named wider one needs no mention."""
    shown: list[frozenset[str]] = []
    for place in sorted(places, key=lambda each: (len(each.ids), sorted(each.ids))):
        if not any(wider <= place.ids for wider in shown):
            shown.append(place.ids)
    return (_overlap(sorted(map(atlas.name, ids))) for ids in shown)


def _overlap(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"the overlap of {joined(names)}"


def _applications(sides: tuple[list[Application], list[Application]]) -> str:
    left_open, closed = sides
    if all(app.app_id or app.group or app.is_filtered for app in left_open):
        return joined(_application_names(left_open))
    return f"applications other than {joined(_application_names(closed))}"


def _application_names(apps: Sequence[Application]) -> Iterable[str]:
    """Name applications; a member of a group that is named needs no mention."""
    groups = {app.group for app in apps if not app.app_id}
    named = [app for app in apps if not (app.app_id and app.group and app.group in groups)]
    certain = [app for app in named if not app.is_filtered]
    if not certain:
        return ("applications that a filter leaves out",)
    return (_application_name(app) for app in certain)


def _application_name(app: Application) -> str:
    key = app.app_id or app.group
    return APPLICATION_WORDS.get(key, f"application {key}" if app.app_id else key) or "other applications"
