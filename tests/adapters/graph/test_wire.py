"""Real answers are untidy: nothing readable is lost, nothing unreadable becomes a fact."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.graph.calls import SIGN_INS, USER
from bot.adapters.graph.devices import device_in
from bot.adapters.graph.directory import method_in
from bot.adapters.graph.pages import SLICE_BYTES, read_page
from bot.adapters.graph.policy_rows import demands_mfa, location_in, policy_in, registration_in
from bot.adapters.graph.sign_ins import sign_in
from bot.adapters.graph.users import user_in
from bot.adapters.graph.wire import flag, moment_in, required, text, texts, whole_number
from bot.domain.policies import Grant, GuestScope
from bot.domain.sign_ins import AppliedPolicy
from tests.adapters.graph.fake_graph import ADA

BARE = {"id": "s1", "createdDateTime": "2026-11-20T16:34:32Z", "status": {"errorCode": 50076}}

INSTANT = datetime(2026, 11, 20, 16, 34, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-20T16:34:32Z", INSTANT),
        ("2026-11-20T16:34:32.3097429Z", INSTANT.replace(microsecond=309742)),
        ("2026-11-20T16:34:32.3097429+00:00", INSTANT.replace(microsecond=309742)),
        ("2026-11-20T11:34:32-05:00", INSTANT),
        ("2026-11-20T16:34:32", INSTANT),
        ("0001-01-01T00:00:00+05:00", None),
        ("", None),
        ("yesterday", None),
        (None, None),
        (1732120472, None),
    ],
)
def test_times_of_every_spelling(written: object, meant: datetime | None) -> None:
    found = moment_in(written)

    assert found == meant
    assert found is None or found.tzinfo is UTC


def test_what_graph_does_not_say_is_neither_no_nor_zero() -> None:
    row = {"yes": "True", "no": "false", "odd": "maybe", "null": None, "one": 1}

    assert [flag(row, key) for key in ("yes", "no", "odd", "null", "one", "absent")] == [
        True,
        False,
        None,
        None,
        None,
        None,
    ]
    numbers: list[object] = ["50076", 50076, True, None, "x", [], float("inf"), float("nan")]
    assert [whole_number({"n": n}, "n") for n in numbers] == [50076, 50076, *[None] * 6]
    words: list[object] = ["a", 19, None, True, {}, []]
    assert [text({"t": word}, "t") for word in words] == ["a", "19", "", "", "", ""]
    assert texts({"t": "a, b"}, "t") == texts({"t": ["a", "b", None, 3, ""]}, "t") == {"a", "b"}


def test_a_bare_sign_in_leaves_unsaid_things_unsaid() -> None:
    found = sign_in(BARE, interactive=True)

    assert (found.error_code, found.created_at, found.is_interactive) == (50076, INSTANT, True)
    assert found.applied_policies is None
    assert found.requirement_sources is None
    assert found.steps == ()


def test_null_and_empty_policies_differ() -> None:
    null = sign_in({**BARE, "appliedConditionalAccessPolicies": None}, interactive=False)
    empty = sign_in({**BARE, "appliedConditionalAccessPolicies": []}, interactive=False)

    assert (null.applied_policies, empty.applied_policies) == (None, ())


def test_a_sign_in_as_the_stream_writes_it() -> None:
    """Numeric bit masks, "Member", string codes, offsets, unknown words and extra keys."""
    row = {
        **BARE,
        "createdDateTime": "2026-11-20T11:34:32.0000000-05:00",
        "status": {"errorCode": "50140", "additionalDetails": None},
        "deviceDetail": None,
        "location": None,
        "userType": "Member",
        "isInteractive": False,
        "incomingTokenType": "somethingNew",
        "riskLevelDuringSignIn": None,
        "autonomousSystemNumber": 3598,
        "userId": ADA.upper(),
        "appliedConditionalAccessPolicies": [
            {
                "id": "p1",
                "displayName": None,
                "result": "reportOnlyBrandNew",
                "enforcedGrantControls": "Mfa, RequireCompliantDevice",
                "conditionsSatisfied": 19,
                "conditionsNotSatisfied": 0,
            },
            None,
        ],
        "authenticationRequirementPolicies": [{"requirementProvider": "user", "detail": "Per-user MFA"}],
        "ssoExtensionVersion": "",
    }
    found = sign_in(row, interactive=True)

    assert (found.created_at, found.error_code, found.is_interactive) == (INSTANT, 50140, False)
    assert found.applied_policies == (
        AppliedPolicy("p1", "", "reportOnlyBrandNew", ("Mfa", "RequireCompliantDevice")),
    )
    assert found.requirement_sources is not None
    assert found.requirement_sources[0].provider == "user"
    assert (found.risk_level, found.user_id) == ("", ADA)


@pytest.mark.parametrize(
    "row",
    [
        {**BARE, "id": None},
        {**BARE, "id": ""},
        {**BARE, "createdDateTime": None},
        {**BARE, "status": None},
        {**BARE, "status": {"errorCode": None}},
        {**BARE, "status": "failure"},
    ],
)
def test_a_sign_in_without_its_heart_is_not_read(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"missing"):
        sign_in(row, interactive=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 60000) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            sorted(
                {
                    *BARE,
                    "deviceDetail",
                    "location",
                    "appliedConditionalAccessPolicies",
                    "authenticationDetails",
                    "isInteractive",
                    "conditions",
                    "grantControls",
                    "ipRanges",
                    "azureADJoin",
                    "state",
                    "userPrincipalName",
                    "trustType",
                }
            )
        ),
        JSON,
    )
)
def test_no_row_however_odd_breaks_a_reader(row: dict[str, Any]) -> None:
    readers: list[Any] = [
        partial(sign_in, interactive=True),
        user_in,
        device_in,
        method_in,
        policy_in,
        location_in,
        registration_in,
    ]
    for reader in readers:
        try:
            reader(row)
        except ValueError:
            continue


async def test_one_odd_row_costs_only_itself_and_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    body = json.dumps({"value": [BARE, {"userPrincipalName": "ada@contoso.com"}, None, {**BARE, "id": "s2"}]})

    with caplog.at_level(logging.WARNING):
        rows, _ = await read_page(SIGN_INS, body.encode(), partial(sign_in, interactive=True))

    assert [row.id for row in rows] == ["s1", "s2"]
    assert [record.getMessage() for record in caplog.records] == [
        "left out 2 unreadable rows of the sign-in log"
    ]
    assert "ada@" not in caplog.text


def traps(nth: int) -> dict[str, Any]:
    """A row whose strings and inner lists look like borders between rows."""
    return {
        "id": f"row-{nth}",
        "name": '"},{"id":"fake","name":"x"},{"id":"fake","name":"' * 3 + "\\" * (nth % 4),
        "inner": [
            {"id": "inner", "name": "a"},
            {"id": "inner", "name": "b", "deep": [{"id": "x", "name": 1}]},
        ],
        "padding": "é" * (nth % 7) + "." * 400,
    }


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (",\r\n  ", " : ")])
@pytest.mark.parametrize("link_first", [True, False])
async def test_a_large_page_is_cut_between_rows_only(
    separators: tuple[str, str], *, link_first: bool
) -> None:
    count = 4 * SLICE_BYTES // 700
    rows = {"value": [traps(nth) for nth in range(count)]}
    link = {"@odata.nextLink": "https://graph.microsoft.com/next"}
    parts: list[dict[str, Any]] = [link, rows] if link_first else [rows, link]
    answer = {"@odata.context": "x", **parts[0], **parts[1]}
    body = json.dumps(answer, separators=separators, ensure_ascii=False).encode()
    assert len(body) > 2 * SLICE_BYTES

    found, next_link = await read_page(USER, body, lambda row: required(row, "id"))

    assert found == [f"row-{nth}" for nth in range(count)]
    assert next_link == "https://graph.microsoft.com/next"


@pytest.mark.parametrize(
    "before", [{"note": '"value":[{"id":"x","name":"y"}'}, {"meta": {"value": [{"id": "x", "name": "y"}]}}]
)
async def test_a_large_page_with_a_misleading_opening_is_read_whole(before: dict[str, Any]) -> None:
    rows = [{"id": f"row-{nth}", "name": "." * 1000} for nth in range(600)]

    found, _ = await read_page(USER, json.dumps({**before, "value": rows}).encode(), lambda row: row["id"])

    assert found == [row["id"] for row in rows]


async def test_a_large_page_lets_the_loop_turn() -> None:
    rows = [{"id": f"row-{nth}", "name": "." * 1000} for nth in range(3000)]
    body = json.dumps({"value": rows}).encode()
    turns = 0

    async def turning() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    spinning = asyncio.create_task(turning())
    await read_page(USER, body, lambda row: required(row, "id"))
    spinning.cancel()

    assert turns >= len(body) // SLICE_BYTES - 1


@pytest.mark.parametrize("written", ["AzureAd", "azureADJoined", "Azure AD joined"])
def test_joined_devices_of_every_spelling(written: str) -> None:
    assert device_in({"id": "d", "trustType": written}).is_joined


def test_devices_keep_trust_types_that_are_new() -> None:
    spelled = [
        device_in({"id": "d", "trustType": t}).trust_type
        for t in ("Workplace", "Azure AD registered", "New", "", None)
    ]

    assert spelled == ["Workplace", "Workplace", "New", None, None]


@pytest.mark.parametrize("key", ["createdDateTime", "creationDateTime"])
def test_platform_credentials_with_either_name_of_their_birth(key: str) -> None:
    row = {
        "@odata.type": "#microsoft.graph.platformCredentialAuthenticationMethod",
        "id": "m1",
        "displayName": "Ada's Mac",
        key: "2026-11-20T16:34:32Z",
        "platform": "macOS",
    }
    found = method_in(row)

    assert (found.kind, found.created_at, found.is_mac_platform_credential) == (
        "platformCredential",
        INSTANT,
        True,
    )


@pytest.mark.parametrize(
    ("written", "meant"), [("Member", "Member"), ("member", "Member"), ("guest", "Guest"), (None, None)]
)
def test_user_types_are_spelled_one_way(written: str | None, meant: str | None) -> None:
    assert (
        user_in({"id": ADA, "userPrincipalName": "ada@contoso.com", "userType": written}).user_type == meant
    )


MFA_GRANTS: list[tuple[dict[str, Any] | None, bool]] = [
    (None, False),
    ({"operator": "OR", "builtInControls": ["mfa"]}, True),
    ({"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}, True),
    ({"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}, False),
    ({"operator": "OR", "builtInControls": ["mfa"], "termsOfUse": ["t"]}, False),
    ({"operator": "AND", "builtInControls": ["compliantDevice"], "termsOfUse": ["t"]}, False),
    ({"operator": "OR", "builtInControls": ["block"]}, False),
    ({"operator": "OR", "builtInControls": []}, False),
    ({"operator": "OR", "authenticationStrength": {"id": "s", "requirementsSatisfied": "mfa"}}, True),
    ({"operator": "OR", "authenticationStrength": {"id": "s", "requirementsSatisfied": "none"}}, False),
    ({"operator": "OR", "authenticationStrength": {"id": "00000000-0000-0000-0000-000000000004"}}, True),
    (
        {
            "operator": "OR",
            "authenticationStrength": {
                "id": "00000000-0000-0000-0000-000000000002",
                "requirementsSatisfied": None,
            },
        },
        True,
    ),
    ({"operator": "OR", "authenticationStrength": {"id": "custom"}}, False),
    (
        {
            "operator": "OR",
            "builtInControls": ["compliantDevice"],
            "authenticationStrength": {"id": "s", "requirementsSatisfied": "mfa"},
        },
        False,
    ),
]


@pytest.mark.parametrize(("grant", "demanded"), MFA_GRANTS)
def test_mfa_is_demanded_only_when_there_is_no_other_way(
    grant: dict[str, Any] | None, demanded: bool
) -> None:
    policy = policy_in({"id": "p", "state": "enabled", "grantControls": grant})

    assert demands_mfa(policy.grant) is demanded


@pytest.mark.parametrize("said", [{}, {"requirementsSatisfied": None}, {"requirementsSatisfied": "novel"}])
def test_a_strength_that_does_not_say_whether_it_is_mfa_is_undecided(said: dict[str, Any]) -> None:
    strength = {"id": "custom", "displayName": "Ours", **said}
    policy = policy_in({"id": "p", "state": "enabled", "grantControls": {"authenticationStrength": strength}})

    assert policy.grant is not None
    assert policy.grant.strength_satisfies_mfa is None


def test_a_policy_in_full() -> None:
    row = {
        "id": "p",
        "displayName": "MFA for guests",
        "state": "enabled",
        "modifiedDateTime": "2026-01-01T00:00:00Z",
        "conditions": {
            "userRiskLevels": [],
            "signInRiskLevels": ["high"],
            "clientAppTypes": ["all"],
            "insiderRiskLevels": None,
            "platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]},
            "locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]},
            "devices": {"deviceFilter": {"mode": "exclude", "rule": 'device.trustType -eq "AzureAD"'}},
            "clientApplications": None,
            "authenticationFlows": {"transferMethods": "deviceCodeFlow"},
            "applications": {
                "includeApplications": ["All"],
                "includeUserActions": [],
                "applicationFilter": None,
            },
            "users": {
                "includeUsers": ["None"],
                "excludeUsers": None,
                "includeGuestsOrExternalUsers": {
                    "guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest"
                },
                "excludeGuestsOrExternalUsers": None,
            },
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        "sessionControls": None,
    }
    policy = policy_in(row)

    conditions = policy.conditions
    assert conditions.users.include_guests == GuestScope(
        frozenset({"internalGuest", "b2bCollaborationGuest"})
    )
    assert conditions.users.exclude_guests is None
    assert conditions.transfer_methods == {"deviceCodeFlow"}
    assert (conditions.device_filter_mode, conditions.has_client_applications) == ("exclude", False)
    assert conditions.exclude_locations == {"AllTrusted"}
    assert conditions.sign_in_risk_levels == {"high"}
    assert policy.grant == Grant("OR", frozenset({"mfa"}))


def test_named_locations_and_registration() -> None:
    ip = location_in({"id": "l", "isTrusted": True, "ipRanges": [{"cidrAddress": "203.0.113.0/24"}]})
    country = location_in(
        {"id": "c", "countriesAndRegions": ["SE"], "includeUnknownCountriesAndRegions": True}
    )
    policy = registration_in(
        {
            "userDeviceQuota": 50,
            "multiFactorAuthConfiguration": "required",
            "azureADJoin": {
                "allowedToJoin": {
                    "@odata.type": "#microsoft.graph.enumeratedDeviceRegistrationMembership",
                    "users": [ADA],
                    "groups": None,
                }
            },
        }
    )

    assert (ip.is_trusted, ip.ip_ranges) == (True, ("203.0.113.0/24",))
    assert (set(country.countries), country.include_unknown_countries) == ({"SE"}, True)
    assert (policy.mfa_required, policy.user_device_quota, policy.join_allowed) == (True, 50, "selected")
    assert policy.join_users == {ADA}
    assert registration_in({}).mfa_required is None
