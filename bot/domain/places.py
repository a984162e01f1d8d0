"""Places a sign-in can come from, told apart by the named locations it is in at once.

https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import combinations
from typing import TypeAlias

from bot.domain.policies import NamedLocation

Network: TypeAlias = IPv4Network | IPv6Network
Address: TypeAlias = IPv4Address | IPv6Address

LEGACY_TRUSTED_IPS = "00000000-0000-0000-0000-000000000000"
"""The id for the trusted IPs of the old MFA service. They are trusted, and in no list of named locations."""

MOST_PAIRED = 12

NOWHERE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Named locations that one sign-in is in at once, by lower-case id; none at all is "elsewhere"."""

    by_address: frozenset[str] = NOWHERE
    by_country: frozenset[str] = NOWHERE
    opaque: frozenset[str] = NOWHERE  # deleted or unreadable: may overlap with anything

    @property
    def ids(self) -> frozenset[str]:
        """Return every location a sign-in from here is in."""
        return self.by_address | self.by_country | self.opaque


ELSEWHERE = Place()


@dataclass(frozen=True, slots=True)
class Atlas:
    """The places that matter, which locations are trusted, and what the locations are called."""

    places: tuple[Place, ...]
    trusted: frozenset[str]
    locations: tuple[NamedLocation, ...]

    def where(self, address: str | None, country: str | None) -> frozenset[Place]:
        """Return the places a sign-in from there may be in; all of them when neither is told."""
        spot = parsed(address)
        at = None if spot is None else _containing(self.locations, spot)
        within = None if country is None else _listing(self.locations, country)
        return frozenset(
            place
            for place in self.places
            if not place.opaque
            and (at is None or place.by_address == at)
            and (within is None or place.by_country == within)
        )

    def name(self, location_id: str) -> str:
        """Return what people call a location."""
        if location_id == LEGACY_TRUSTED_IPS:
            return "the trusted IPs of the old MFA service"
        names = (each.display_name for each in self.locations if each.id.lower() == location_id)
        return next(names, f"a location that is not listed ({location_id})")


def atlas_of(tokens: frozenset[str], named_locations: Iterable[NamedLocation]) -> Atlas:
    """Return every place that `tokens` (lower-case location ids, "alltrusted") can tell apart."""
    listed = {location.id.lower(): location for location in named_locations}
    trusted = frozenset(each for each, location in listed.items() if location.is_trusted)
    trusted |= {LEGACY_TRUSTED_IPS}
    wanted = (tokens - {"all", "alltrusted"}) | (trusted if "alltrusted" in tokens else NOWHERE)
    known = tuple(listed[each] for each in sorted(wanted & listed.keys()))
    opaque = (wanted - listed.keys()) | {each.id.lower() for each in known if _networks(each) is None}
    by_address, by_country = _address_sets(known), _country_sets(known)
    places = (
        Place(address, country, hidden)
        for address in by_address
        for country in by_country
        for hidden in _subsets(opaque)
    )
    return Atlas(tuple(sorted(places, key=_order)), trusted, known)


def _order(place: Place) -> tuple[int, list[str]]:
    return len(place.ids), sorted(place.ids)


def _subsets(opaque: frozenset[str]) -> Iterator[frozenset[str]]:
    """None, each, every two and all: two exclusions that overlap show in one of them."""
    ordered = sorted(opaque)
    for length in sorted({0, 1, min(len(ordered), 2 if len(ordered) <= MOST_PAIRED else 1), len(ordered)}):
        yield from map(frozenset, combinations(ordered, length))


def _networks(location: NamedLocation) -> tuple[Network, ...] | None:
    try:
        return tuple(ip_network(text, strict=False) for text in location.ip_ranges)
    except ValueError:
        return None


def _address_sets(locations: Iterable[NamedLocation]) -> frozenset[frozenset[str]]:
    """Return the sets of locations an address can be in at once: ranges are nested or apart."""
    ranges = sorted(
        (network.version, int(network.network_address), network.prefixlen, location.id.lower())
        for location in locations
        for network in _networks(location) or ()
    )
    found = {NOWHERE}
    around: list[tuple[int, int, str]] = []  # version, last address, location
    for index, (version, first, prefix, location_id) in enumerate(ranges):
        around = [each for each in around if each[0] == version and each[1] >= first]
        last = first + (1 << ((32 if version == 4 else 128) - prefix)) - 1
        around.append((version, last, location_id))
        following = ranges[index + 1][:3] if index + 1 < len(ranges) else None
        if following != (version, first, prefix):
            found.add(frozenset(each for _, _, each in around))
    return frozenset(found)


def _country_sets(locations: Iterable[NamedLocation]) -> frozenset[frozenset[str]]:
    by_country: dict[str, set[str]] = {}
    of_unknown: set[str] = set()
    for location in locations:
        if location.include_unknown_countries:
            of_unknown.add(location.id.lower())
        for country in location.countries:
            by_country.setdefault(country.upper(), set()).add(location.id.lower())
    return frozenset(map(frozenset, by_country.values())) | {NOWHERE, frozenset(of_unknown)}


def parsed(address: str | None) -> Address | None:
    """Read an IP address, or None when there is none to read."""
    try:
        return None if address is None else ip_address(address)
    except ValueError:
        return None


def _containing(locations: Iterable[NamedLocation], spot: Address) -> frozenset[str]:
    return frozenset(each.id.lower() for each in locations if is_within(each, spot))


def is_within(location: NamedLocation, spot: Address) -> bool:
    """Tell whether the address lies in one of the location's readable ranges."""
    return any(spot in network for network in _networks(location) or ())


def _listing(locations: Iterable[NamedLocation], country: str) -> frozenset[str]:
    return frozenset(
        each.id.lower()
        for each in locations
        if country.upper() in {listed.upper() for listed in each.countries}
    )
