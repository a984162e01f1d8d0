"""Every address that the adapters ask for is one that Microsoft's own SDK knows, with its query options.

The SDK's request builders are generated from Graph's metadata, so a path or option they lack does not exist.
This is the one module that loads them: v1.0 from msgraph, beta from msgraph_beta.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgraph
import msgraph_beta
import pytest
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph.graph_request_adapter import GraphRequestAdapter

from bot.adapters.graph.audits import GraphDirectoryAudits
from bot.adapters.graph.directory import GraphDirectory
from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.mfa_states import GraphMfaStates
from bot.adapters.graph.policies import GraphPolicies
from bot.adapters.graph.privileges import GraphPrivileges
from bot.adapters.graph.sign_ins import GraphSignInLog
from bot.adapters.graph.sweep import GraphMfaSweep
from bot.domain.people import ObjectId, PerUserMfaState
from bot.domain.policies import TrialSignIn
from bot.errors import NoSuchUser
from bot.ports import Urgency
from tests.adapters.graph.fake_graph import ADA, NOW, FakeGraph, Says

USER = ObjectId(ADA)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own, at import


def v1_builders(client: Any) -> Iterable[Any]:
    user = client.users.by_user_id("id")
    access = client.identity.conditional_access
    return (
        client.users,
        user,
        user.owned_devices,
        user.registered_devices,
        user.transitive_member_of,
        user.owned_objects.graph_group,
        user.authentication.methods,
        client.directory.deleted_items.graph_user,
        access.policies,
        access.named_locations,
        access.evaluate,
        client.role_management.directory.role_assignments,
        client.role_management.directory.role_eligibility_schedule_instances,
        client.audit_logs.directory_audits,
        client.policies.identity_security_defaults_enforcement_policy,
        client.policies.device_registration_policy,
    )


def beta_builders(client: Any) -> Iterable[Any]:
    return (client.users.by_user_id("id").authentication.requirements, client.audit_logs.sign_ins)


def templates(version: str, builders: Iterable[Any]) -> dict[re.Pattern[str], frozenset[str]]:
    """Return each builder's path as a pattern, with the query options it takes."""
    found: dict[re.Pattern[str], frozenset[str]] = {}
    for builder in builders:
        path, _, query = builder.url_template.removeprefix("{+baseurl}").partition("{?")
        pattern = re.sub(r"\\\{[^/]*\\\}", "[^/]+", re.escape(path))
        pattern = pattern.replace(r"/graph\.", r"/microsoft\.graph\.")
        options = frozenset(unquote(option) for option in query.rstrip("}").split(",") if option)
        found[re.compile(f"/{version}{pattern}")] = options
    return found


async def everything_asked(graph: FakeGraph, gateway: Gateway) -> list[str]:
    """Call every method of every port and return the addresses."""
    graph.on("/", Says({"value": [], "perUserMfaState": "disabled", "isEnabled": True}))
    graph.on("/v1.0/users/", Says({"value": []}, 404))
    directory, states = GraphDirectory(gateway), GraphMfaStates(gateway)
    log, policies = GraphSignInLog(gateway), GraphPolicies(gateway, lambda: NOW)
    for asked in (ADA, "ada@contoso.com"):
        try:
            await directory.find_user(asked)
        except NoSuchUser:
            continue
    graph.on("/v1.0/users/", Says({"value": []}))
    await directory.devices(USER)
    await directory.membership(USER)
    await directory.methods(USER)
    await states.per_user_mfa_state(USER)
    await states.set_per_user_mfa_state(USER, PerUserMfaState.DISABLED, "our-id")
    for interactive in (True, False):
        await log.of_user(USER, NOW - timedelta(hours=1), interactive=interactive, urgency=Urgency.PERSON)
    await policies.conditional_access(Urgency.PERSON)
    await policies.named_locations(Urgency.PERSON)
    await policies.security_defaults()
    await policies.device_registration()
    await policies.what_if(USER, (TrialSignIn("browser", "app", "browser"),), Urgency.PERSON)
    await GraphPrivileges(gateway).of(USER)
    await GraphDirectoryAudits(gateway).about(USER, NOW - timedelta(hours=1), Urgency.ACTION)
    assert [one async for one in GraphMfaSweep(gateway).states()] == []
    return [heard.target for heard in graph.heard]


async def test_every_path_and_option_is_known_to_the_sdk(graph: FakeGraph, gateway: Gateway) -> None:
    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider())
    known = templates("v1.0", v1_builders(msgraph.GraphServiceClient(request_adapter=adapter)))
    known |= templates("beta", beta_builders(msgraph_beta.GraphServiceClient(request_adapter=adapter)))
    used: set[re.Pattern[str]] = set()

    for target in await everything_asked(graph, gateway):
        path, _, query = target.partition("?")
        matching = [pattern for pattern in known if pattern.fullmatch(path)]
        assert len(matching) == 1, target
        assert {name for name, _ in parse_qsl(query)} <= known[matching[0]], target
        used.add(matching[0])

    assert used == set(known)
