"""The sign-in log: which rows come, in which shape, to whom."""

from typing import Any
from urllib.parse import quote

import pytest

from sandbox.entra.sign_ins import V1_PROPERTIES
from tests.sandbox.entra.conftest import Client

SILENT = "signInEventTypes/any(t: t eq 'nonInteractiveUser')"
PREFER = {"Prefer": "include-unknown-enum-members"}


async def rows(graph: Client, text: str, **headers: str) -> list[dict[str, Any]]:
    answer = await graph.get(f"/beta/auditLogs/signIns?$filter={quote(text)}", **headers)
    assert answer.status == 200, answer.text
    graph.hands.passed += 3
    return answer.value


async def test_only_interactive_rows_unless_asked(graph: Client) -> None:
    ada = f"userId eq '{graph.id_of('ada.lind')}'"
    assert {row["isInteractive"] for row in await rows(graph, ada)} == {True}
    silent = await rows(graph, f"{ada} and {SILENT}")
    assert {row["isInteractive"] for row in silent} == {False}
    both = "signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser')"
    assert {row["isInteractive"] for row in await rows(graph, f"{ada} and ({both})")} == {True, False}


async def test_stuck_user_has_the_row_that_names_per_user_mfa(graph: Client) -> None:
    text = (
        f"userId eq '{graph.id_of('ada.lind')}' and {SILENT} and status/errorCode eq 50076 and "
        "appId eq '29d9ed98-a469-4536-ade2-f981bc1d605e' and createdDateTime ge 2026-11-23T11:40:00Z and "
        "createdDateTime le 2026-11-23T12:00:00Z"
    )
    [row] = await rows(graph, text)
    assert row["createdDateTime"] == "2026-11-23T11:48:00Z"
    assert row["authenticationRequirementPolicies"] == [
        {"requirementProvider": "user", "detail": "Per-user MFA"}
    ]
    assert row["conditionalAccessStatus"] == "notApplied"
    assert {one["result"] for one in row["appliedConditionalAccessPolicies"]} <= {
        *("notApplied", "notEnabled", "unknownFutureValue"),
    }


async def test_newest_first_and_the_other_way(graph: Client) -> None:
    times = [row["createdDateTime"] for row in (await graph.get("/beta/auditLogs/signIns")).value]
    assert times == sorted(times, reverse=True)
    upward = await graph.get("/beta/auditLogs/signIns?$orderby=createdDateTime asc")
    assert [row["createdDateTime"] for row in upward.value] == sorted(times)
    assert (await graph.get("/beta/auditLogs/signIns?$orderby=appId")).status == 400


async def test_pages_follow_the_link_to_the_end(graph: Client) -> None:
    await graph.admin("throttle", {"reports_per_10s": None})
    everything = [row["id"] for row in await rows(graph, SILENT)]
    seen, link = [], f"/beta/auditLogs/signIns?$filter={quote(SILENT)}&$top=9"
    while link:
        answer = await graph.get(link)
        seen += [row["id"] for row in answer.value]
        link = answer.json.get("@odata.nextLink", "")
        assert not link or "$skiptoken=" in link
    assert seen == everything


async def test_empty_pages_with_a_next_link_can_be_scripted(graph: Client) -> None:
    await graph.admin("throttle", {"reports_per_10s": None})
    await graph.admin("faults", {"path": "/auditLogs/signIns", "empty_pages": 2})
    first = await graph.get("/beta/auditLogs/signIns?$top=5")
    second = await graph.get(first.json["@odata.nextLink"])
    third = await graph.get(second.json["@odata.nextLink"])
    assert [len(page.value) for page in (first, second, third)] == [0, 0, 5]


async def test_v1_refuses_event_types_and_lacks_beta_fields(graph: Client) -> None:
    answer = await graph.get(f"/v1.0/auditLogs/signIns?$filter={quote(SILENT)}")
    assert (answer.status, answer.code, answer.message) == (400, "BadRequest", "Invalid filter clause")
    row = (await graph.get("/v1.0/auditLogs/signIns")).value[0]
    assert set(row) == set(V1_PROPERTIES)
    assert {"conditionsSatisfied", "includeRulesSatisfied"}.isdisjoint(
        row["appliedConditionalAccessPolicies"][0]
    )


@pytest.mark.parametrize(
    "text",
    [
        "isInteractive eq false",
        "incomingTokenType eq 'none'",
        "authenticationRequirementPolicies/any(p: p/requirementProvider eq 'user')",
        "status/errorCode ge 50000",
        "createdDateTime gt 2026-11-23T00:00:00Z",
        "sessionId eq 'x'",
        "signInEventTypes/any(t: t eq 'interactiveUser') or signInEventTypes/any(t: t eq 'servicePrincipal')",
        "userId eq",
        "userId eq 'x' and",
        "userId eq 'unterminated",
        "(userId eq 'x'",
        "userId is 'x'",
    ],
)
async def test_undocumented_filters_are_refused(graph: Client, text: str) -> None:
    answer = await graph.get(f"/beta/auditLogs/signIns?$filter={quote(text)}")
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert answer.message.startswith("Invalid filter clause")


async def test_evolvable_enums_collapse_without_the_prefer_header(graph: Client) -> None:
    registration = "resourceId eq '01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9'"
    text = f"userId eq '{graph.id_of('ada.lind')}' and {SILENT} and {registration}"
    plain, full = (await rows(graph, text))[0], (await rows(graph, text, **PREFER))[0]
    assert (plain["incomingTokenType"], full["incomingTokenType"]) == ("unknownFutureValue", "refreshToken")
    results = [{one["result"] for one in row["appliedConditionalAccessPolicies"]} for row in (plain, full)]
    assert "unknownFutureValue" in results[0]
    assert "reportOnlyNotApplied" in results[1]


async def test_policies_are_shown_only_to_policy_readers(graph: Client) -> None:
    await graph.admin("permissions", {"revoke": ["Policy.Read.All", "Policy.Read.ConditionalAccess"]})
    row = (await rows(graph, f"userId eq '{graph.id_of('dag.holm')}'"))[0]
    assert row["appliedConditionalAccessPolicies"] == []


async def test_names_in_the_log_are_lower_case_and_guests_appear_at_home(graph: Client) -> None:
    guest = await rows(graph, f"userId eq '{graph.id_of('mara.voss')}'")
    assert {row["userPrincipalName"] for row in guest} == {"mara.voss@fabrikam.example"}
    orla = await rows(graph, "userPrincipalName eq 'orla.o''brien@contoso.com'")
    assert orla[0]["userId"] == graph.id_of("orla.obrien")


async def test_sources_of_the_demand_differ_by_story(graph: Client) -> None:
    async def sources(key: str) -> list[str]:
        text = f"userId eq '{graph.id_of(key)}' and {SILENT} and status/errorCode eq 50076"
        found = [row["authenticationRequirementPolicies"] for row in await rows(graph, text, **PREFER)]
        return [one["requirementProvider"] for each in found for one in each]

    assert set(await sources("ada.lind")) == {"user"}
    assert await sources("bo.ahlgren") == []
    assert await sources("dag.holm") == ["multiConditionalAccess"]


async def test_one_sign_in_by_id(graph: Client) -> None:
    row = (await graph.get("/beta/auditLogs/signIns")).value[0]
    one = await graph.get(f"/beta/auditLogs/signIns/{row['id']}")
    assert {key: value for key, value in one.json.items() if "@" not in key} == row
    assert (await graph.get("/beta/auditLogs/signIns/none")).status == 404
