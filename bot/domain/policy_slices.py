"""Sign-ins as a grid: which slices of it a Conditional Access policy covers, and what stays open.

Five axes: client, platform, place, application, device. A policy's conditions are a conjunction, so a
policy covers a box: one bit mask per axis. What several policies leave open together is the whole grid
minus their boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from operator import or_
from typing import TypeAlias, TypeVar

from bot.domain.people import is_object_id
from bot.domain.places import Atlas, Place, atlas_of
from bot.domain.policies import ConditionalAccessPolicy, Conditions, NamedLocation, TrialSignIn
from bot.domain.policy_match import lowered

P = TypeVar("P")

Box: TypeAlias = tuple[int, ...]
"""One mask per axis, in the order of `Axis`. A zero mask anywhere: the box is empty."""

Marks: TypeAlias = Mapping[str, int]
"""The mask of the places (or applications) that a condition's token means, told once for all policies."""

MOST_BOXES = 1000
"""Beyond so many left-over boxes no more is subtracted: what is not proven covered counts as open."""


class Axis(IntEnum):
    """The axes, in the order of a box's masks."""

    CLIENT = 0
    PLATFORM = 1
    PLACE = 2
    APPLICATION = 3
    DEVICE = 4


BROWSER = "browser"
DESKTOP = "mobileappsanddesktopclients"
ACTIVE_SYNC = "exchangeactivesync"
OTHER_CLIENTS = "other"
CLIENTS = (BROWSER, DESKTOP, ACTIVE_SYNC, OTHER_CLIENTS)

MACOS = "macos"
UNRECOGNISED = "unrecognised"
PLATFORMS = (MACOS, "windows", "ios", "android", "linux", "windowsphone", UNRECOGNISED)

UNREGISTERED = "unregistered"
REGISTERED = "registered"
DEVICES = (UNREGISTERED, REGISTERED)

OFFICE_365 = "office365"
SHAREPOINT_ONLINE = "00000003-0000-0ff1-ce00-000000000000"
OFFICE_365_APPS = frozenset(
    {
        SHAREPOINT_ONLINE,
        "00000002-0000-0ff1-ce00-000000000000",  # Exchange Online
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",  # Microsoft Teams
    }
)
"""Some resources of the Office 365 group.

https://learn.microsoft.com/entra/identity/conditional-access/reference-office-365-application-contents
"""


@dataclass(frozen=True, slots=True)
class Application:
    """One application slice: an app id ("" for any not named), and what it is taken to be part of.

    An id that we do not know may be in an app group, or be picked by a filter: each is a slice of its own.
    """

    app_id: str
    group: str = ""
    is_filtered: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """The slices that the policies at hand tell apart."""

    atlas: Atlas
    applications: tuple[Application, ...]
    place_marks: Marks
    application_marks: Marks

    @property
    def places(self) -> tuple[Place, ...]:
        """Return the places told apart."""
        return self.atlas.places

    @property
    def whole(self) -> Box:
        """Every sign-in."""
        sizes = (len(CLIENTS), len(PLATFORMS), len(self.places), len(self.applications), len(DEVICES))
        return tuple((1 << size) - 1 for size in sizes)

    @property
    def ordinary(self) -> Box:
        """Sign-ins from a Mac with a modern client, on a device that Entra does not know."""
        everywhere = self.whole
        return (
            mask(CLIENTS, lambda client: client in (BROWSER, DESKTOP)),
            mask(PLATFORMS, lambda platform: platform == MACOS),
            everywhere[Axis.PLACE],
            everywhere[Axis.APPLICATION],
            mask(DEVICES, lambda device: device == UNREGISTERED),
        )

    def box(self, conditions: Conditions, *, spares_devices: bool, ignore_places: bool) -> Box:
        """Return what a policy with these conditions covers, by the conditions a grid can show.

        `spares_devices`: some registered devices are let through. `ignore_places`: as if it applied anywhere.
        """
        return (
            _clients(conditions),
            _platforms(conditions),
            self.whole[Axis.PLACE] if ignore_places else self._places(conditions),
            self._applications(conditions),
            mask(DEVICES, lambda device: device == UNREGISTERED or not spares_devices),
        )

    def trial(self, trial: TrialSignIn) -> Box:
        """Return the slice that a trial sign-in lies in; several places when it names no address."""
        client, platform, app = (
            trial.client_app_type.lower(),
            trial.platform.lower(),
            trial.application.lower(),
        )
        places = self.atlas.where(trial.ip_address, trial.country)
        return (
            mask(CLIENTS, lambda each: each == client),
            mask(PLATFORMS, lambda each: each == platform),
            mask(self.places, lambda place: place in places),
            mask(self.applications, lambda each: app == (each.app_id or each.group) and not each.is_filtered),
            mask(DEVICES, lambda device: device == UNREGISTERED),
        )

    def _places(self, conditions: Conditions) -> int:
        include, exclude = lowered(conditions.include_locations), lowered(conditions.exclude_locations)
        return _bearing(self.place_marks, include or {"all"}) & ~_bearing(self.place_marks, exclude)

    def _applications(self, conditions: Conditions) -> int:
        scope = conditions.applications
        include, exclude = lowered(scope.include_applications), lowered(scope.exclude_applications)
        filtered = mask(self.applications, lambda app: app.is_filtered) if scope.has_application_filter else 0
        left_out = _bearing(self.application_marks, exclude) | filtered
        return _bearing(self.application_marks, include) & ~left_out


def _clients(conditions: Conditions) -> int:
    types = lowered(conditions.client_app_types)
    if not types or "all" in types:
        return mask(CLIENTS, lambda _: True)
    if types & {"eassupported", "easunsupported"}:
        types |= {ACTIVE_SYNC}
    return mask(CLIENTS, lambda client: client in types)


def _platforms(conditions: Conditions) -> int:
    include, exclude = lowered(conditions.include_platforms), lowered(conditions.exclude_platforms)
    return mask(
        PLATFORMS,
        lambda platform: (
            (not include or "all" in include or platform in include)
            and "all" not in exclude
            and platform not in exclude
        ),
    )


def depends_on_place(conditions: Conditions) -> bool:
    """Tell whether where the sign-in comes from matters to the policy."""
    include = lowered(conditions.include_locations)
    return bool(conditions.exclude_locations) or not (not include or "all" in include)


def grid_for(
    policies: Iterable[ConditionalAccessPolicy],
    named_locations: Iterable[NamedLocation],
    trials: Iterable[TrialSignIn],
) -> Grid:
    """Return the grid that tells apart everything these policies and trials tell apart."""
    conditions = [policy.conditions for policy in policies]
    tokens = lowered(
        token for each in conditions for token in (*each.include_locations, *each.exclude_locations)
    )
    atlas, applications = atlas_of(tokens, named_locations), _applications_of(conditions, trials)
    return Grid(atlas, applications, _place_marks(atlas), _application_marks(applications))


def _place_marks(atlas: Atlas) -> Marks:
    return _marks(
        {"all", *ids, *(("alltrusted",) if ids & atlas.trusted else ())}
        for ids in (place.ids for place in atlas.places)
    )


def _application_marks(applications: Iterable[Application]) -> Marks:
    return _marks({"all", app.app_id, app.group} - {""} for app in applications)


def _marks(values: Iterable[Iterable[str]]) -> Marks:
    found: dict[str, int] = {}
    for index, tokens in enumerate(values):
        for token in tokens:
            found[token] = found.get(token, 0) | 1 << index
    return found


def _bearing(marks: Marks, tokens: Iterable[str]) -> int:
    return reduce(or_, (marks.get(token, 0) for token in tokens), 0)


def _applications_of(
    conditions: Collection[Conditions], trials: Iterable[TrialSignIn]
) -> tuple[Application, ...]:
    tokens = {SHAREPOINT_ONLINE, OFFICE_365, *(trial.application.lower() for trial in trials)}
    for each in conditions:
        scope = each.applications
        tokens |= lowered((*scope.include_applications, *scope.exclude_applications))
    tokens -= {"all", "none"}
    groups = {token for token in tokens if not is_object_id(token)}
    filtered = (
        (False, True) if any(each.applications.has_application_filter for each in conditions) else (False,)
    )
    return tuple(
        Application(app_id, group, is_filtered)
        for app_id in ("", *sorted(tokens - groups))
        for group in sorted({OFFICE_365} if app_id in OFFICE_365_APPS else {"", *groups})
        for is_filtered in filtered
    )


def mask(values: Iterable[P], keep: Callable[[P], bool]) -> int:
    """Return a bit for every value to keep."""
    return sum(1 << index for index, value in enumerate(values) if keep(value))


def meets(one: Box, other: Box) -> bool:
    """Tell whether two boxes share a slice."""
    return all(a & b for a, b in zip(one, other, strict=True))


def size(box: Box) -> int:
    """Return how many slices the box holds."""
    slices = 1
    for part in box:
        slices *= part.bit_count()
    return slices


def minus(open_boxes: Iterable[Box], taken: Box) -> list[Box]:
    """Take a box away. What is left may overlap: each piece is as wide, and so as easy to say, as can be."""
    left: set[Box] = set()
    for box in open_boxes:
        if not meets(box, taken):
            left.add(box)
            continue
        for axis, (mine, theirs) in enumerate(zip(box, taken, strict=True)):
            if rest := mine & ~theirs:
                left.add((*box[:axis], rest, *box[axis + 1 :]))
    return _widest(left)


def what_stays_open(start: Box, taken: Iterable[Box]) -> list[Box]:
    """Return what of `start` no box covers, widest pieces first; never less than that."""
    left = [start] if size(start) else []
    for box in sorted(set(taken), key=size, reverse=True):
        if not left or len(left) > MOST_BOXES:
            break
        left = minus(left, box)
    return left


def _widest(boxes: Collection[Box]) -> list[Box]:
    """Drop what lies within a wider box. Every pair is looked at, so a box is compared as one number."""
    widths = [max(part.bit_length() for part in parts) for parts in zip(*boxes, strict=True)]
    kept: dict[int, Box] = {}
    for box in sorted(boxes, key=lambda each: (-size(each), each)):
        number = _as_number(box, widths)
        for wider in kept:
            if not number & ~wider:
                break
        else:
            kept[number] = box
    return list(kept.values())


def _as_number(box: Box, widths: Iterable[int]) -> int:
    number = 0
    for part, width in zip(box, widths, strict=True):
        number = number << width | part
    return number
