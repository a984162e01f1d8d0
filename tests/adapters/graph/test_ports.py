"""Each port against scripted answers: what is asked, and what comes back."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from bot.adapters.graph.directory import GraphDirectory
from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.mfa_states import GraphMfaStates
from bot.adapters.graph.policies import GraphPolicies
from bot.adapters.graph.sign_ins import GraphSignInLog
from bot.domain.people import ObjectId, PerUserMfaState
from bot.domain.policies import AppliedPolicy, TrialSignIn
from bot.errors import (
    AmbiguousUser,
    BadInput,
    GraphError,
    GraphMalformed,
    GraphRefused,
    GraphThrottled,
    NoSuchUser,
)
from bot.ports import Directory, MfaStates, Policies, SignInLog, Urgency
from tests.adapters.graph.fake_graph import ADA, NOW, FakeGraph, Pauses, Says, refusing

OTHER = "26be570a-ae82-4189-b4e2-a37c6808512d"
USER = ObjectId(ADA)


def a_user(id_: str = ADA, upn: str = "ada@contoso.com", **more: Any) -> dict[str, Any]:
    return {"id": id_, "userPrincipalName": upn, "displayName": "Ada", **more}


def test_the_adapters_are_the_ports(gateway: Gateway) -> None:
    directory: Directory = GraphDirectory(gateway)
    states: MfaStates = GraphMfaStates(gateway)
    log: SignInLog = GraphSignInLog(gateway)
    policies: Policies = GraphPolicies(gateway, lambda: NOW)

    assert all((directory, states, log, policies))


# --- finding a user


async def test_a_user_is_found_by_object_id(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(f"/v1.0/users/{ADA}", Says(a_user(accountEnabled=True, isManagementRestricted=False)))

    user = await GraphDirectory(gateway).find_user(f" {ADA.upper()} ")

    assert (user.id, user.account_enabled, user.is_management_restricted) == (ADA, True, False)


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("ada@contoso.com", "/v1.0/users/ada@contoso.com"),
        ("o'brien@contoso.com", "/v1.0/users/o%27brien@contoso.com"),
        ("eve_fabrikam.com#EXT#@contoso.com", "/v1.0/users/eve_fabrikam.com%23EXT%23@contoso.com"),
        ("a+b&c=d@contoso.com", "/v1.0/users/a%2Bb%26c%3Dd@contoso.com"),
        ("å@contoso.com", "/v1.0/users/%C3%A5@contoso.com"),
    ],
)
async def test_an_address_is_quoted_in_the_path(
    graph: FakeGraph, gateway: Gateway, asked: str, path: str
) -> None:
    graph.on("/v1.0/users/", Says(a_user()))

    await GraphDirectory(gateway).find_user(asked)

    assert graph.heard[0].path == path


@pytest.mark.parametrize(
    "asked",
    [
        "ada",
        "ada@contoso.com/messages",
        "a?b@contoso.com",
        "a$b@contoso.com",
        "ada%23@contoso.com",
        "a b@contoso.com",
        "a\x00b@contoso.com",
        "a\nb@contoso.com",
        "a\\b@contoso.com",
        "../me@contoso.com",
        "@contoso.com",
        "ada@",
        "a@b@c",
        "x" * 250 + "@contoso.com",
        "15dc174b-f34c",
        "<mailto:a@b.c|a@b.c>/",
    ],
)
async def test_what_cannot_be_a_name_is_never_asked_for(
    graph: FakeGraph, gateway: Gateway, asked: str
) -> None:
    with pytest.raises(NoSuchUser) as nobody:
        await GraphDirectory(gateway).find_user(asked)

    assert nobody.value.asked == asked
    assert graph.heard == []


@pytest.mark.parametrize("asked", ["", "  ", "\t"])
async def test_nothing_is_bad_input(graph: FakeGraph, gateway: Gateway, asked: str) -> None:
    with pytest.raises(BadInput):
        await GraphDirectory(gateway).find_user(asked)

    assert graph.heard == []


async def test_a_mail_address_finds_its_user(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/v1.0/users?", Says({"value": [a_user(), a_user()]}))

    user = await GraphDirectory(gateway).find_user("O'Brien@contoso.com")

    assert user.id == ADA
    assert (
        "$filter=mail eq 'O''Brien@contoso.com' or proxyAddresses/any(p:p eq 'smtp:O''Brien@contoso.com')"
        in unquote(graph.heard[1].target)
    )


async def test_an_address_that_is_no_upn_is_still_looked_up(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/v1.0/users/", refusing(400, "Request_BadRequest", "Invalid object identifier"))
    graph.on("/v1.0/users?", Says({"value": [a_user()]}))

    assert (await GraphDirectory(gateway).find_user("a+b@contoso.com")).id == ADA


async def test_several_users_are_ambiguous(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/v1.0/users?", Says({"value": [a_user(), a_user(OTHER, "ada2@contoso.com")]}))

    with pytest.raises(AmbiguousUser) as several:
        await GraphDirectory(gateway).find_user("ada@contoso.com")

    assert several.value.candidates == ("ada2@contoso.com", "ada@contoso.com")


async def test_an_address_that_is_also_somebody_elses_mail_has_no_owner(
    graph: FakeGraph, gateway: Gateway
) -> None:
    graph.on("/v1.0/users/", Says(a_user()))
    graph.on("/v1.0/users?", Says({"value": [a_user()]}))
    assert (await GraphDirectory(gateway).owner_of("ada@contoso.com")).id == ADA

    graph.on("/v1.0/users?", Says({"value": [a_user(), a_user(OTHER, "ada2@contoso.com")]}))
    with pytest.raises(AmbiguousUser) as several:
        await GraphDirectory(gateway).owner_of("ada@contoso.com")

    assert several.value.candidates == ("ada2@contoso.com", "ada@contoso.com")


@pytest.mark.parametrize("asked", [ADA, "ada@contoso.com"])
@pytest.mark.parametrize(
    ("bin_says", "deleted"),
    [
        (Says({"value": [{"id": ADA}]}), True),
        (Says({"value": []}), False),
        (refusing(403, "Authorization_RequestDenied"), False),
        (refusing(400, "BadRequest"), False),
    ],
)
async def test_a_deleted_user_is_told_apart(
    graph: FakeGraph, gateway: Gateway, asked: str, bin_says: Says, deleted: bool
) -> None:
    graph.on("/v1.0/users?", Says({"value": []}))
    graph.on("/v1.0/directory/deletedItems/microsoft.graph.user?", bin_says)

    with pytest.raises(NoSuchUser) as nobody:
        await GraphDirectory(gateway).find_user(asked)

    assert nobody.value.deleted is deleted


async def test_a_user_that_cannot_be_read_is_not_nobody(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/v1.0/users/", refusing(403, "Authorization_RequestDenied"))
    with pytest.raises(GraphRefused) as refused:
        await GraphDirectory(gateway).find_user("ada@contoso.com")
    assert refused.value.needs == "User.Read.All"

    graph.on("/v1.0/users/", Says({"displayName": "no id"}))
    with pytest.raises(GraphMalformed):
        await GraphDirectory(gateway).find_user("ada@contoso.com")


# --- what belongs to a user


async def test_devices_are_merged(graph: FakeGraph, gateway: Gateway) -> None:
    mac = {
        "@odata.type": "#microsoft.graph.device",
        "id": "d1",
        "operatingSystem": "MacMDM",
        "trustType": "AzureAd",
    }
    graph.on(f"/v1.0/users/{ADA}/ownedDevices", Says({"value": [mac]}))
    graph.on(
        f"/v1.0/users/{ADA}/registeredDevices",
        Says({"value": [mac, {"id": "d2"}, {"@odata.type": "#microsoft.graph.endpoint", "id": "e"}]}),
    )

    devices = await GraphDirectory(gateway).devices(USER)

    assert [(device.id, device.owned) for device in devices] == [("d1", True), ("d2", False)]
    assert devices[0].is_mac
    assert devices[0].is_joined


async def test_half_the_devices_are_not_the_devices(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(f"/v1.0/users/{ADA}/ownedDevices", Says({"value": []}))
    graph.on(f"/v1.0/users/{ADA}/registeredDevices", refusing(403, "Authorization_RequestDenied"))

    with pytest.raises(GraphRefused):
        await GraphDirectory(gateway).devices(USER)


async def test_membership_tells_groups_from_roles(graph: FakeGraph, gateway: Gateway) -> None:
    def kind(name: str, **row: str) -> dict[str, str]:
        return {"@odata.type": f"#microsoft.graph.{name}", **row}

    base = f"/v1.0/users/{ADA}/transitiveMemberOf"
    graph.on(base, Says({"value": [kind("group", id="g1")], "@odata.nextLink": f"{graph.url}{base}/next"}))
    last = [
        kind("directoryRole", id="r1", roleTemplateId="t1"),
        kind("administrativeUnit", id="au"),
        {"id": "g2"},
    ]
    graph.on(f"{base}/next", Says({"value": last}))

    membership = await GraphDirectory(gateway).membership(USER)

    assert membership.group_ids == {"g1", "g2"}
    assert membership.role_template_ids == {"t1"}


async def test_methods_are_named_without_graphs_wrapping(graph: FakeGraph, gateway: Gateway) -> None:
    kinds = ("password", "platformCredential", "brandNew")
    rows = [{"@odata.type": f"#microsoft.graph.{kind}AuthenticationMethod", "id": kind} for kind in kinds]
    graph.on(f"/v1.0/users/{ADA}/authentication/methods", Says({"value": [*rows, {"id": "untyped"}]}))

    methods = await GraphDirectory(gateway).methods(USER)

    assert [method.kind for method in methods] == [*kinds, ""]


# --- the per-user MFA state


@pytest.mark.parametrize("state", list(PerUserMfaState))
async def test_the_state_is_read(graph: FakeGraph, gateway: Gateway, state: PerUserMfaState) -> None:
    graph.on(f"/beta/users/{ADA}/authentication/requirements", Says({"perUserMfaState": state.value}))

    assert await GraphMfaStates(gateway).per_user_mfa_state(USER) is state


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"perUserMfaState": None},
        {"perUserMfaState": "unknownFutureValue"},
        {"perUserMfaState": "Disabled"},
        {"perUserMfaState": 0},
        {"perUserMfaState": ["disabled"]},
        b'{"perUserMfaState":"disabled"',
        b"",
        b"disabled",
    ],
)
async def test_only_the_exact_words_are_a_state(graph: FakeGraph, gateway: Gateway, body: Any) -> None:
    graph.on("/", Says(body))

    with pytest.raises(GraphMalformed):
        await GraphMfaStates(gateway).per_user_mfa_state(USER)


async def test_the_state_is_set(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/", Says(None, 204))
    states = GraphMfaStates(gateway)

    assert await states.set_per_user_mfa_state(USER, PerUserMfaState.DISABLED, "our-id") == "request-1"

    sent = graph.heard[0]
    assert (sent.method, sent.target) == ("PATCH", f"/beta/users/{ADA}/authentication/requirements")
    assert sent.json == {"perUserMfaState": "disabled"}


@pytest.mark.parametrize(
    "user", ["ada@contoso.com", "", "me", f"{ADA}/messages", f"{ADA}?x", f"../{ADA}", f"{ADA}\n"]
)
async def test_only_an_object_id_enters_a_write_path(graph: FakeGraph, gateway: Gateway, user: str) -> None:
    states, directory, log = GraphMfaStates(gateway), GraphDirectory(gateway), GraphSignInLog(gateway)
    name = ObjectId(user)

    for call in (
        states.set_per_user_mfa_state(name, PerUserMfaState.DISABLED, "our-id"),
        states.per_user_mfa_state(name),
        directory.membership(name),
        directory.methods(name),
        log.of_user(name, NOW, interactive=True, urgency=Urgency.PERSON),
    ):
        with pytest.raises(BadInput):
            await call
    assert graph.heard == []


# --- the sign-in log


def a_record(id_: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {"id": id_, "createdDateTime": at.isoformat(), "status": {"errorCode": 0}, **more}


async def test_sign_ins_are_asked_for_by_kind(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/beta/auditLogs/signIns", Says({"value": []}))
    log, since = GraphSignInLog(gateway), NOW - timedelta(hours=72)

    await log.of_user(USER, since, interactive=True, urgency=Urgency.PERSON)
    await log.of_user(USER, since, interactive=False, urgency=Urgency.BACKGROUND)

    interactive, non_interactive = (unquote(heard.target) for heard in graph.heard)
    asked = f"/beta/auditLogs/signIns?$filter=userId eq '{ADA}' and createdDateTime ge 2026-11-20T12:00:00Z"
    assert interactive == f"{asked}&$top=1000"
    assert non_interactive == f"{asked} and signInEventTypes/any(t: t eq 'nonInteractiveUser')&$top=1000"


async def test_who_asks_the_same_at_the_same_time_shares_a_call(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/beta/auditLogs/signIns", Says({"value": [a_record("a", NOW)]}))
    log, since = GraphSignInLog(gateway), NOW - timedelta(hours=72)

    async def asked(since: datetime, *, interactive: bool = True) -> int:
        return len(await log.of_user(USER, since, interactive=interactive, urgency=Urgency.PERSON))

    found = await asyncio.gather(
        asked(since), asked(since), asked(since, interactive=False), asked(since + timedelta(hours=1))
    )

    assert set(found) == {1}
    assert len(graph.heard) == 3
    await asked(since)
    assert len(graph.heard) == 4


async def test_sign_ins_come_newest_first_and_once(graph: FakeGraph, gateway: Gateway) -> None:
    older, newer = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    page = [a_record("a", older), a_record("b", newer, riskState="none"), a_record("b", newer)]
    graph.on("/", Says({"value": page}))

    found = await GraphSignInLog(gateway).of_user(USER, older, interactive=True, urgency=Urgency.PERSON)

    assert [row.id for row in found] == ["b", "a"]


async def test_sign_ins_that_cannot_be_read_are_counted(
    graph: FakeGraph, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    without_code = {**a_record("b", NOW), "status": {}}
    graph.on("/", Says({"value": [a_record("a", NOW), without_code, {"createdDateTime": "x"}, None]}))

    with caplog.at_level(logging.WARNING):
        found = await GraphSignInLog(gateway).of_user(USER, NOW, interactive=True, urgency=Urgency.PERSON)

    assert ([row.id for row in found], found.left_out) == (["a"], 3)
    assert "left out 3 unreadable rows of the sign-in log" in caplog.text


async def test_at_most_three_pages_are_read_and_each_is_paid_for(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(
        "/",
        Says(
            {
                "value": [a_record("a", NOW)],
                "@odata.nextLink": f"{graph.url}/beta/auditLogs/signIns?$skiptoken=1",
            }
        ),
    )

    await GraphSignInLog(gateway).of_user(USER, NOW, interactive=True, urgency=Urgency.PERSON)

    assert len(graph.heard) == 3


# --- tenant settings

TRIALS = (
    TrialSignIn(
        "browser on macOS",
        "00000003-0000-0ff1-ce00-000000000000",
        "browser",
        ip_address="203.0.113.7",
        country="SE",
    ),
    TrialSignIn("elsewhere", "00000003-0000-0ff1-ce00-000000000000", "mobileAppsAndDesktopClients"),
)


async def test_settings_are_read_once_for_everybody_and_then_kept(graph: FakeGraph, gateway: Gateway) -> None:
    now = NOW
    policies = GraphPolicies(gateway, lambda: now)
    path = "/v1.0/identity/conditionalAccess/policies"
    graph.on(path, Says({"value": [{"id": "p", "state": "enabled"}]}))

    first, *others = await asyncio.gather(*(policies.conditional_access(Urgency.PERSON) for _ in range(10)))
    now += timedelta(minutes=4, seconds=59)
    kept = await policies.conditional_access(Urgency.PERSON)
    now += timedelta(seconds=1)
    _, read_at = await policies.conditional_access(Urgency.PERSON)

    assert len(graph.heard) == 2
    assert all(other == first for other in (*others, kept))
    assert (first[0][0].id, first[1], read_at) == ("p", NOW, NOW + timedelta(minutes=5))


async def test_a_failure_is_not_kept(graph: FakeGraph, gateway: Gateway) -> None:
    policies = GraphPolicies(gateway, lambda: NOW)
    path = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
    graph.on(
        path,
        refusing(403, "Authorization_RequestDenied"),
        Says({"isEnabled": None}),
        Says({"isEnabled": True}),
    )

    with pytest.raises(GraphRefused):
        await policies.security_defaults()
    with pytest.raises(GraphMalformed):
        await policies.security_defaults()
    assert await policies.security_defaults() == (True, NOW)


async def test_what_if_asks_for_each_trial_and_keeps_enabled_policies(
    graph: FakeGraph, gateway: Gateway
) -> None:
    mfa = {"operator": "OR", "builtInControls": ["mfa"]}
    rows = [
        {"id": "1", "displayName": "MFA", "state": "enabled", "policyApplies": True, "grantControls": mfa},
        {
            "id": "2",
            "displayName": "Dry run",
            "state": "enabledForReportingButNotEnforced",
            "policyApplies": True,
            "grantControls": mfa,
        },
        {
            "id": "3",
            "displayName": "Elsewhere",
            "state": "enabled",
            "policyApplies": False,
            "grantControls": mfa,
        },
        {
            "id": "4",
            "displayName": "Session",
            "state": "enabled",
            "policyApplies": True,
            "grantControls": None,
        },
        {"id": "5", "displayName": "Unsaid", "state": "enabled", "grantControls": mfa},
    ]
    graph.on("/v1.0/identity/conditionalAccess/evaluate", Says({"value": rows}))

    outcomes = await GraphPolicies(gateway, lambda: NOW).what_if(USER, TRIALS, Urgency.PERSON)

    assert [outcome.trial for outcome in outcomes] == list(TRIALS)
    assert (outcomes[0].mfa_policies, outcomes[0].other_policies) == (
        (AppliedPolicy("1", "MFA"),),
        (AppliedPolicy("4", "Session"),),
    )
    questions = {heard.json["signInConditions"]["clientAppType"]: heard.json for heard in graph.heard}
    app, other = (questions[trial.client_app_type] for trial in TRIALS)
    assert app["signInConditions"] == {
        "devicePlatform": "macOS",
        "clientAppType": "browser",
        "ipAddress": "203.0.113.7",
        "country": "SE",
        "signInRiskLevel": "none",
        "userRiskLevel": "none",
        "deviceInfo": {"isCompliant": False},
    }
    assert app["appliedPoliciesOnly"] is True
    assert app["signInContext"] == {
        "@odata.type": "#microsoft.graph.applicationContext",
        "includeApplications": ["00000003-0000-0ff1-ce00-000000000000"],
    }
    assert "ipAddress" not in other["signInConditions"]
    assert other["signInIdentity"]["userId"] == ADA


@pytest.mark.parametrize(
    "says", [Says({"value": None}), Says({"value": [{"policyApplies": True}]}), refusing(403, "x")]
)
async def test_what_if_is_whole_or_an_error(graph: FakeGraph, gateway: Gateway, says: Says) -> None:
    graph.on("/", says)

    with pytest.raises(GraphError):
        await GraphPolicies(gateway, lambda: NOW).what_if(USER, TRIALS, Urgency.PERSON)


async def test_questions_about_coverage_do_not_wait_for_each_other(
    graph: FakeGraph, gateway: Gateway, pauses: Pauses
) -> None:
    """Policies and locations are kept, and trials have an allowance of their own."""
    graph.on("/", Says({"value": []}))
    policies = GraphPolicies(gateway, lambda: NOW)

    await policies.conditional_access(Urgency.PERSON)
    await policies.named_locations(Urgency.PERSON)
    for _ in range(5):
        await policies.what_if(USER, TRIALS, Urgency.PERSON)

    assert pauses.waited == []


async def test_throttled_reports_tell_when_to_come_back(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on("/", refusing(429, "TooManyRequests", Retry_After="300"))

    with pytest.raises(GraphThrottled) as throttled:
        await GraphSignInLog(gateway).of_user(USER, NOW, interactive=False, urgency=Urgency.BACKGROUND)

    assert throttled.value.retry_after == 300
