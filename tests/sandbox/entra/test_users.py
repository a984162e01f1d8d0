"""Users, their memberships, devices and methods, in Graph's shapes."""

from urllib.parse import quote

import pytest

from tests.sandbox.entra.conftest import Client


async def test_user_without_select_has_exactly_the_default_properties(graph: Client) -> None:
    answer = await graph.get("/v1.0/users/ada.lind@contoso.com")
    assert answer.status == 200
    assert set(answer.json) == {
        *("@odata.context", "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone"),
        *("officeLocation", "preferredLanguage", "surname", "userPrincipalName", "id"),
    }
    assert answer.json["@odata.context"].endswith("/v1.0/$metadata#users/$entity")


async def test_select_returns_what_was_named_and_nothing_else(graph: Client) -> None:
    answer = await graph.get("/v1.0/users/ADA.LIND@contoso.com?$select=accountEnabled,proxyAddresses")
    assert {key for key in answer.json if "@" not in key} == {"accountEnabled", "proxyAddresses"}
    assert answer.json["proxyAddresses"] == ["SMTP:ada.lind@contoso.com", "smtp:ada@contoso.com"]


async def test_unknown_select_is_refused_in_graphs_words(graph: Client) -> None:
    answer = await graph.get("/v1.0/users?$select=shoeSize")
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert "Could not find a property named 'shoeSize'" in answer.message


@pytest.mark.parametrize("key", ["orla.obrien", "mara.voss", "noor.alhadid"])
async def test_awkward_names_are_found_by_upn_and_by_id(graph: Client, key: str) -> None:
    person = graph.sandbox.tenant.people[graph.id_of(key)]
    by_upn = await graph.get(f"/v1.0/users/{quote(person.upn, safe='')}?$select=id,displayName")
    by_id = await graph.get(f"/v1.0/users/{person.id}?$select=id,displayName")
    assert by_upn.json["id"] == by_id.json["id"] == person.id


async def test_unknown_and_deleted_users_are_404(graph: Client) -> None:
    for name in ("nobody@contoso.com", "petra.sund@contoso.com", graph.id_of("petra.sund")):
        answer = await graph.get(f"/v1.0/users/{name}")
        assert (answer.status, answer.code) == (404, "Request_ResourceNotFound")
        assert f"Resource '{name}' does not exist" in answer.message


async def test_deleted_user_is_in_the_recycle_bin_under_a_changed_name(graph: Client) -> None:
    path = "/v1.0/directory/deletedItems/microsoft.graph.user"
    by_mail = await graph.get(f"{path}?$filter=mail eq 'petra.sund@contoso.com'&$select=id,userPrincipalName")
    deleted_id = graph.id_of("petra.sund")
    assert by_mail.value[0]["id"] == deleted_id
    assert by_mail.value[0]["userPrincipalName"] == deleted_id.replace("-", "") + "petra.sund@contoso.com"
    by_upn = await graph.get(f"{path}?$filter=userPrincipalName eq 'petra.sund@contoso.com'")
    assert by_upn.value == []
    end = f"{path}?$filter=endsWith(userPrincipalName,'petra.sund@contoso.com')&$count=true"
    assert (await graph.get(end)).code == "Request_UnsupportedQuery"
    assert (await graph.get(end, ConsistencyLevel="eventual")).json["@odata.count"] == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("userPrincipalName eq 'orla.o''brien@contoso.com'", {"orla.obrien"}),
        ("mail eq 'IVO@contoso.com'", {"ivo.brandt"}),
        ("proxyAddresses/any(p:p eq 'smtp:ada@contoso.com')", {"ada.lind"}),
        ("proxyAddresses/any(p:p eq 'SMTP:ivo@contoso.com')", {"ivo.brandt"}),
        ("startswith(displayName,'Ada L')", {"ada.lind", "ada.lindqvist"}),
        ("userType eq 'Guest'", {"mara.voss"}),
        ("accountEnabled eq false", {"oda.plass"}),
    ],
)
async def test_user_filters(graph: Client, text: str, found: set[str]) -> None:
    answer = await graph.get(f"/v1.0/users?$filter={quote(text)}&$select=id")
    assert {row["id"] for row in answer.value} == {graph.id_of(key) for key in found}


async def test_filter_on_an_unsupported_property_is_refused(graph: Client) -> None:
    answer = await graph.get("/v1.0/users?$filter=perUserMfaState eq 'enforced'")
    assert (answer.status, answer.code) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_per_user_state_is_selectable_in_bulk_on_both_versions(graph: Client, version: str) -> None:
    path = f"/{version}/users?$top=999&$select=id,userPrincipalName,perUserMfaState"
    answer = await graph.get(path)
    states = {row["id"]: row["perUserMfaState"] for row in answer.value}
    assert states[graph.id_of("ada.lind")] == "enforced"
    assert states[graph.id_of("dina.falck")] == "enabled"
    assert graph.id_of("petra.sund") not in states
    await graph.admin("bulk-state", {"served": False})
    assert all("perUserMfaState" not in row for row in (await graph.get(path)).value)


async def test_pages_cover_everybody_once(graph: Client) -> None:
    seen: list[str] = []
    link = "/v1.0/users?$top=7&$select=id"
    while link:
        answer = await graph.get(link)
        seen += [row["id"] for row in answer.value]
        link = answer.json.get("@odata.nextLink", "")
    assert len(seen) == len(set(seen)) == sum(1 for _ in graph.sandbox.tenant.living())
    assert (await graph.get("/v1.0/users?$top=1000")).status == 400


async def test_membership_is_transitive_and_typed(graph: Client) -> None:
    emil = graph.id_of("emil.gard")
    nested = await graph.get(
        f"/v1.0/users/{emil}/transitiveMemberOf/microsoft.graph.group?$select=id,displayName"
    )
    direct = await graph.get(f"/v1.0/users/{emil}/memberOf")
    assert "CA exclusions" in {row["displayName"] for row in nested.value}
    assert all(set(row) == {"id", "displayName"} for row in nested.value)
    assert "CA exclusions" not in {row["displayName"] for row in direct.value}
    assert {row["@odata.type"] for row in direct.value} == {"#microsoft.graph.group"}
    groups = [row["id"] for row in nested.value]
    checked = await graph.send(
        "POST", f"/v1.0/users/{emil}/checkMemberGroups", {"groupIds": [groups[0], "x"]}
    )
    assert checked.value == groups[:1]
    many = await graph.send("POST", f"/v1.0/users/{emil}/checkMemberGroups", {"groupIds": ["x"] * 21})
    assert many.status == 400


async def test_members_of_an_unreadable_type_have_only_their_id(graph: Client) -> None:
    rune = graph.id_of("rune.storm")
    path = f"/v1.0/users/{rune}/transitiveMemberOf/microsoft.graph.directoryRole"
    assert (await graph.get(path)).value[0]["roleTemplateId"] == "62e90394-69f5-4237-9190-012177145e10"
    await graph.admin("permissions", {"revoke": ["Directory.Read.All", "RoleManagement.Read.Directory"]})
    row = (await graph.get(path)).value[0]
    assert row["id"]
    assert row["roleTemplateId"] is None


async def test_owner_of_a_role_assignable_group(graph: Client) -> None:
    path = f"/v1.0/users/{graph.id_of('tor.eng')}/ownedObjects/microsoft.graph.group"
    assert [row["isAssignableToRole"] for row in (await graph.get(path)).value] == [True]


async def test_devices_with_and_without_cast(graph: Client) -> None:
    ada = graph.id_of("ada.lind")
    for address in ("ownedDevices", "registeredDevices"):
        plain = (await graph.get(f"/v1.0/users/{ada}/{address}")).value[0]
        cast = (await graph.get(f"/v1.0/users/{ada}/{address}/microsoft.graph.device")).value[0]
        assert plain["@odata.type"] == "#microsoft.graph.device"
        assert "@odata.type" not in cast
        assert (cast["displayName"], cast["trustType"]) == ("Ada's MacBook Pro", "AzureAd")
    quota = await graph.get(f"/v1.0/users/{graph.id_of('ulf.berg')}/ownedDevices")
    assert len(quota.value) == 20


async def test_methods_carry_their_types_and_platform_credentials_only_in_secure_enclave_mode(
    graph: Client,
) -> None:
    gry, ivo = graph.id_of("gry.vang"), graph.id_of("ivo.brandt")
    methods = (await graph.get(f"/v1.0/users/{gry}/authentication/methods")).value
    assert {row["@odata.type"] for row in methods} == {
        "#microsoft.graph.passwordAuthenticationMethod",
        "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
        "#microsoft.graph.platformCredentialAuthenticationMethod",
    }
    credentials = (await graph.get(f"/v1.0/users/{gry}/authentication/platformCredentialMethods")).value
    assert [row["platform"] for row in credentials] == ["macOS"]
    assert (await graph.get(f"/v1.0/users/{ivo}/authentication/platformCredentialMethods")).value == []


async def test_registration_details_tell_admins_and_secure_enclave_keys(graph: Client) -> None:
    path = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
    rune = (await graph.get(f"{path}/{graph.id_of('rune.storm')}")).json
    assert rune["isAdmin"] is True
    keys = await graph.get(f"{path}?$filter=methodsRegistered/any(m:m eq 'macOsSecureEnclaveKey')")
    assert {row["id"] for row in keys.value} == {graph.id_of("gry.vang"), graph.id_of("yngve.ross")}


async def test_roles_active_and_eligible(graph: Client) -> None:
    base = "/v1.0/roleManagement/directory"
    rune, sana = graph.id_of("rune.storm"), graph.id_of("sana.iqbal")
    active = await graph.get(f"{base}/roleAssignments?$filter=principalId eq '{rune}'&$expand=roleDefinition")
    assert active.value[0]["roleDefinition"]["displayName"] == "Global Administrator"
    eligible = await graph.get(f"{base}/roleEligibilityScheduleInstances?$filter=principalId eq '{sana}'")
    assert len(eligible.value) == 1
    assert (await graph.get(f"{base}/roleAssignments?$filter=principalId eq '{sana}'")).value == []
    names = {row["displayName"] for row in (await graph.get(f"{base}/roleDefinitions")).value}
    assert "Privileged Role Administrator" in names
