"""The three trial sign-ins that Microsoft's What-If is asked about, and places that belong to nobody.

https://learn.microsoft.com/graph/api/conditionalaccessroot-evaluate
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from bot.domain.places import is_within
from bot.domain.policies import NamedLocation, TrialSignIn
from bot.domain.policy_slices import SHAREPOINT_ONLINE

BROWSER_ON_MACOS = "browser on macOS"
DESKTOP_CLIENT_ON_MACOS = "desktop client on macOS"
OUTSIDE_LOCATION = "outside location"
TRIAL_NAMES = frozenset({BROWSER_ON_MACOS, DESKTOP_CLIENT_ON_MACOS, OUTSIDE_LOCATION})

# Documentation ranges (RFC 5737, RFC 3849): no one signs in from there, and few named locations hold them.
STRAY_ADDRESSES = (
    "198.51.100.77",
    "203.0.113.77",
    "192.0.2.77",
    "198.51.100.200",
    "203.0.113.200",
    "192.0.2.200",
    "2001:db8::77",
    "2001:db8:ffff::77",
)

COUNTRIES = (
    "SE BR JP KE NZ CA ZA IN DE FR GB US AU MX AR CL PE CO EC UY PY BO VE GY SR PA CR NI HN SV GT BZ "
    "CU JM HT DO PR BS BB TT GD LC VC AG DM KN AI MS VG VI TC KY BM GL FO IS NO FI DK EE LV LT PL CZ "
    "SK HU AT CH LI LU BE NL IE ES PT AD MC IT SM VA MT SI HR BA RS ME MK AL GR CY TR BG RO MD UA BY "
    "RU GE AM AZ KZ KG TJ TM UZ AF PK NP BT BD LK MV MM TH LA VN KH MY SG BN PH ID TL PG CN HK MO TW "
    "MN KP KR IR IQ SY LB JO IL PS SA YE OM AE QA BH KW EG LY TN DZ MA EH MR ML NE TD SD SS ER DJ ET "
    "SO UG RW BI TZ MZ MW ZM ZW BW NA LS SZ MG MU SC KM RE YT AO CD CG GA GQ CM CF NG BJ TG GH CI LR "
    "SL GN GW GM SN CV ST SH FJ SB VU NC WS TO TV KI NR MH FM PW GU MP AS CK NU TK WF PF PN NF CX CC "
    "HM AQ BV GS TF IO UM GF GP MQ BL MF SX CW AW BQ PM FK GG JE IM GI AX SJ "
)
"""Every country code; the ones tried first come first."""


def trials_for(
    named_locations: Iterable[NamedLocation],
) -> tuple[TrialSignIn, TrialSignIn, TrialSignIn]:
    """Return a browser and a desktop client, and a browser elsewhere, all outside every named location.

    What-If cannot judge location conditions without an address. None stands where the named locations leave
    nothing outside.
    """
    locations = tuple(named_locations)
    addresses, countries = _stray_addresses(locations), _stray_countries(locations)
    at, within = addresses[0], countries[0]
    browser, desktop = "browser", "mobileAppsAndDesktopClients"
    return (
        TrialSignIn(BROWSER_ON_MACOS, SHAREPOINT_ONLINE, browser, ip_address=at, country=within),
        TrialSignIn(DESKTOP_CLIENT_ON_MACOS, SHAREPOINT_ONLINE, desktop, ip_address=at, country=within),
        TrialSignIn(
            OUTSIDE_LOCATION, SHAREPOINT_ONLINE, browser, ip_address=addresses[-1], country=countries[-1]
        ),
    )


def _stray_addresses(locations: tuple[NamedLocation, ...]) -> tuple[str | None, ...]:
    outside = tuple(
        address
        for address in STRAY_ADDRESSES
        if not any(is_within(location, ip_address(address)) for location in locations)
    )
    return outside[:2] or (None,)


def _stray_countries(locations: tuple[NamedLocation, ...]) -> tuple[str | None, ...]:
    listed = {country.upper() for location in locations for country in location.countries}
    return tuple(country for country in COUNTRIES.split() if country not in listed)[:2] or (None,)
