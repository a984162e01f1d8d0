"""Messages of an event hub: every spelling is read, what is broken is counted and costs nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.stream.records import Reading
from bot.domain.sign_ins import SignIn
from tests.adapters.stream.messages import a_record, an_id, envelope, lines


def read(*messages: bytes) -> Reading:
    reading = Reading()
    for message in messages:
        reading.add(message)
    return reading


def only(record: dict[str, Any]) -> SignIn:
    (found,) = read(envelope(record)).sign_ins
    return found


def without(record: dict[str, Any], *properties: str) -> dict[str, Any]:
    kept = {name: value for name, value in record["properties"].items() if name not in properties}
    return {**record, "properties": kept}


def test_a_record_becomes_a_sign_in() -> None:
    found = only(a_record())

    assert found.id == an_id(1)
    assert found.created_at == datetime(2026, 11, 23, 11, 58, 46, 309742, UTC)
    assert found.user_principal_name == "ada@contoso.com"
    assert found.error_code == 50076
    assert found.is_interactive is False
    assert found.country == "DE"
    assert found.applied_policies is not None
    assert found.applied_policies[0].grant_controls == ("Mfa",)
    assert found.requirement_sources is not None
    assert found.requirement_sources[0].provider == "user"


@pytest.mark.parametrize(
    "message",
    [
        envelope(a_record(1), a_record(2), a_record(3)),
        lines(a_record(1), a_record(2), a_record(3)),
        lines({"records": [a_record(1), a_record(2)]}, a_record(3)),
        json.dumps([a_record(1), a_record(2), a_record(3)]).encode(),
        b"\xef\xbb\xbf" + envelope(a_record(1), a_record(2), a_record(3)) + b"\r\n",
    ],
)
def test_every_way_to_pack_records(message: bytes) -> None:
    reading = read(message)

    assert [row.id for row in reading.sign_ins] == [an_id(1), an_id(2), an_id(3)]
    assert (reading.records, reading.unreadable) == (3, 0)


def test_a_record_alone() -> None:
    assert [row.id for row in read(json.dumps(a_record(7)).encode()).sign_ins] == [an_id(7)]


@pytest.mark.parametrize(
    ("category", "interactive"),
    [("SignInLogs", True), ("NonInteractiveUserSignInLogs", False), ("signinlogs", True)],
)
def test_the_category_says_what_is_interactive(category: str, interactive: bool) -> None:
    assert only({**a_record(), "category": category}).is_interactive is interactive
    assert only(without({**a_record(), "category": category}, "isInteractive")).is_interactive is interactive


@pytest.mark.parametrize(
    "category",
    ["ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs", "AuditLogs", "RiskyUsers", "", None, 4],
)
def test_other_categories_are_passed_over(category: object) -> None:
    reading = read(envelope({**a_record(), "category": category}))

    assert (reading.sign_ins, reading.records, reading.unreadable) == ([], 1, 0)


def test_other_apps_are_passed_over_even_when_they_could_not_be_read() -> None:
    other = a_record(appId="d7b530a4-7680-4c23-a8bf-c52c121d2e87", createdDateTime="soon", id=None)

    reading = read(envelope(other))

    assert (reading.sign_ins, reading.records, reading.unreadable) == ([], 1, 0)


def test_what_properties_leave_out_is_taken_from_the_envelope() -> None:
    record = without(
        a_record(), "createdDateTime", "ipAddress", "correlationId", "status", "userDisplayName", "mfaDetail"
    )

    found = only(record)

    assert found.created_at == datetime(2026, 11, 23, 11, 58, 46, 309742, UTC)
    assert found.ip_address == "203.0.113.37"
    assert found.correlation_id == an_id(1)
    assert found.error_code == 50076
    assert found.failure_reason.startswith("Due to")
    assert found.user_display_name == "Ada Lindqvist"


def test_missing_lists_are_not_known_instead_of_empty() -> None:
    found = only(without(a_record(), "appliedConditionalAccessPolicies", "authenticationRequirementPolicies"))

    assert found.applied_policies is None
    assert found.requirement_sources is None


def test_a_success_without_a_reason() -> None:
    record = {**a_record(status={"errorCode": 0}), "resultType": "0"}
    del record["resultDescription"]

    found = only(record)

    assert found.succeeded
    assert found.failure_reason == ""


@pytest.mark.parametrize(
    "broken",
    [
        None,
        7,
        "text",
        [],
        {},
        {"category": "SignInLogs"},
        {"category": "SignInLogs", "properties": "text"},
        {**a_record(), "properties": None},
        a_record(id=None),
        a_record(id=""),
        {**a_record(createdDateTime="yesterday"), "time": None},
        {**a_record(status={}), "resultType": "none"},
        {**a_record(status=None), "resultType": None},
    ],
)
def test_a_broken_record_is_counted_and_its_neighbours_are_read(broken: object) -> None:
    reading = read(envelope(a_record(1), broken, a_record(2)))

    assert [row.id for row in reading.sign_ins] == [an_id(1), an_id(2)]
    if broken not in ({}, []):  # without a category it is nobody's sign-in
        assert reading.unreadable == 1


@pytest.mark.parametrize(
    "message",
    [b"", b"  \n ", b"not json", b'{"records": [', b"\xff\xfe", b"[" * 100_000, b'{"records": 7}', b"nan"],
)
def test_a_message_that_cannot_be_read_costs_only_itself(message: bytes) -> None:
    reading = read(envelope(a_record(1)), message, envelope(a_record(2)))

    assert [row.id for row in reading.sign_ins] == [an_id(1), an_id(2)]
    assert reading.unreadable <= 1


def test_a_broken_line_costs_only_itself() -> None:
    reading = read(lines(a_record(1)) + b'\n{"category": "SignInLogs", "prop\n' + lines(a_record(2)))

    assert [row.id for row in reading.sign_ins] == [an_id(1), an_id(2)]
    assert (reading.records, reading.unreadable) == (3, 1)


@pytest.mark.parametrize("name", ["Ada \\ud83d", "Ada\x07 \t", "Ada \udcff", "\\u202eadA"])
def test_odd_characters_in_a_name_lose_no_record(name: str) -> None:
    message = envelope(a_record(userDisplayName="NAME")).replace(
        b"NAME", name.encode("utf-8", "surrogateescape")
    )

    (found,) = read(message).sign_ins

    assert found.user_display_name.startswith("Ada") or "adA" in found.user_display_name
    assert found.user_display_name.encode("utf-8")


def test_unknown_keys_and_deep_ones_are_passed_over() -> None:
    deep: Any = "end"
    for _ in range(50):
        deep = {"more": [deep]}

    assert only(a_record(newProperty=deep, appliedEventListeners=[None])).id == an_id(1)
