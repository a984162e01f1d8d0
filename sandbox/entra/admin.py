"""The sandbox's own doors under /_admin/: the cast, the log, faults, limits, and other people's acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.entra.audits import initiated_by_user, policy_change_audits, state_change_audits
from sandbox.entra.cast import attempt_from
from sandbox.entra.faults import fault_from
from sandbox.entra.pane import pane, policy_seen
from sandbox.entra.registration import SPREAD_SECONDS, try_registration
from sandbox.entra.roles import NAMES
from sandbox.entra.service import Graph
from sandbox.entra.sign_in_rows import sign_in_row
from sandbox.entra.tenant import STATES, Person
from sandbox.entra.wire import Json, Refusal
from sandbox.feed import serve_lines

Handler = Callable[["Admin", web.Request, Json], Any]


POLICY_STATES = ("enabled", "disabled", "enabledForReportingButNotEnforced")


class Admin:
    """Handlers of the admin endpoints."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._tenant = graph.tenant

    def add_to(self, app: web.Application) -> None:
        """Mount every endpoint."""
        for method, path, handler in _ENDPOINTS:
            app.router.add_route(method, f"/_admin/{path}", self._wrapped(handler))
        app.router.add_get("/_admin/feed", self._feed)

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        """GET feed: what happens, as JSON lines."""
        return await serve_lines(self._tenant.feed, request)

    def _wrapped(self, handler: Handler) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.Response:
            try:
                sent = await request.json() if request.can_read_body else {}
                return web.json_response(handler(self, request, sent))
            except Refusal as refusal:
                return web.json_response({"error": refusal.message}, status=refusal.status)
            except (ValueError, KeyError, TypeError) as problem:
                return web.json_response({"error": f"{type(problem).__name__}: {problem}"}, status=400)

        return answer

    def _person(self, request: web.Request) -> Person:
        return self._named(request.match_info["name"])

    def _named(self, name: str) -> Person:
        person = self._tenant.anybody(name)
        if person is None:
            raise Refusal(404, "NotFound", f"{name} is not in the cast")
        return person

    def cast(self, _: web.Request, __: Json) -> Json:
        """GET cast: the people with story, state and ids; policies and groups by name."""
        people = [_card(self._graph, person) for person in self._tenant.people.values()]
        tenant = self._tenant
        return {
            "tenant": {"id": tenant.id, "displayName": tenant.display_name, "domain": tenant.domain},
            "app": {"appId": tenant.app.app_id, "permissions": sorted(tenant.app.permissions)},
            "people": people,
            "policies": [
                {"id": one["id"], "displayName": one["displayName"], "state": one["state"]}
                for one in tenant.policies
            ],
            "groups": [
                {"id": one.id, "displayName": one.facts["displayName"]} for one in tenant.groups.values()
            ],
        }

    def requests(self, _: web.Request, __: Json) -> Json:
        """GET requests: every call so far, oldest first."""
        return {"requests": list(self._graph.requests)}

    def forget_requests(self, _: web.Request, __: Json) -> Json:
        """DELETE requests."""
        self._graph.requests.clear()
        return {}

    def add_fault(self, _: web.Request, sent: Json) -> Json:
        """POST faults: script one fault."""
        self._graph.faults.add(fault_from(sent))
        return {}

    def clear_faults(self, _: web.Request, __: Json) -> Json:
        """DELETE faults."""
        self._graph.faults.clear()
        return {}

    def lag(self, _: web.Request, sent: Json) -> Json:
        """POST readback-lag: seconds until a change shows; -1 is never, 0 is at once."""
        self._tenant.lag = float(sent["seconds"])
        return {"seconds": self._tenant.lag}

    def permissions(self, _: web.Request, sent: Json) -> Json:
        """POST permissions: grant and revoke."""
        granted = self._tenant.app.permissions
        granted |= set(sent.get("grant", ()))
        granted -= set(sent.get("revoke", ()))
        return {"permissions": sorted(granted)}

    def licence(self, _: web.Request, sent: Json) -> Json:
        """POST licence: P1/P2 or not."""
        self._tenant.premium = bool(sent["premium"])
        return {"premium": self._tenant.premium}

    def bulk_state(self, _: web.Request, sent: Json) -> Json:
        """POST bulk-state: whether /users serves perUserMfaState."""
        self._tenant.bulk_state_served = bool(sent["served"])
        return {"served": self._tenant.bulk_state_served}

    def security_defaults(self, _: web.Request, sent: Json) -> Json:
        """POST security-defaults."""
        self._tenant.security_defaults = bool(sent["enabled"])
        return {"enabled": self._tenant.security_defaults}

    def limits(self, _: web.Request, sent: Json) -> Json:
        """POST throttle: set limits, null for none, and start counting afresh."""
        limits = self._graph.throttle.limits
        if "reports_per_10s" in sent:
            limits.reports_per_10s = sent["reports_per_10s"]
        if "policies_per_s" in sent:
            limits.policies_per_s = sent["policies_per_s"]
        limits.policies_burst = int(sent.get("policies_burst", limits.policies_burst))
        self._graph.throttle.reset()
        return {
            "reports_per_10s": limits.reports_per_10s,
            "policies_per_s": limits.policies_per_s,
            "policies_burst": limits.policies_burst,
        }

    def metrics(self, _: web.Request, __: Json) -> Json:
        """GET metrics: calls per bucket and per route."""
        counts = self._graph.counts
        buckets = ("requests", "throttled", "reports", "policies", "directory")
        return {
            **{name: counts[name] for name in buckets},
            "routes": {name: count for name, count in counts.items() if name not in buckets},
        }

    def forget_metrics(self, _: web.Request, __: Json) -> Json:
        """DELETE metrics."""
        self._graph.counts.clear()
        return {}

    def state(self, request: web.Request, sent: Json) -> Json:
        """Somebody else changes the per-user MFA state, in the portal."""
        person, state = self._person(request), sent["perUserMfaState"]
        if state not in STATES:
            raise Refusal(400, "BadRequest", f"perUserMfaState is one of {', '.join(STATES)}")
        before = person.state
        self._tenant.set_state(person, state)
        if person.state != before:
            by = initiated_by_user(self._someone_else(person))
            correlation = self._tenant.new_id("portal-change", len(self._tenant.audits))
            for audit in state_change_audits(self._tenant, person, before, by, correlation):
                self._tenant.log_audit(audit)
        return _card(self._graph, person)

    def _someone_else(self, person: Person | None) -> Person:
        admins = [one for one in self._tenant.living() if one.roles and one is not person]
        return admins[0] if admins else person or next(self._tenant.living())

    def register(self, request: web.Request, sent: Json) -> Json:
        """POST users/{}/try-registration: what a Mac's registration writes now; `spread_seconds` it took."""
        person = self._person(request)
        rows = try_registration(self._tenant, person, float(sent.get("spread_seconds", SPREAD_SECONDS)))
        return {
            "rows": rows,
            "registered": rows[-1]["status"]["errorCode"] == 0,
            "person": _card(self._graph, person),
        }

    def pane(self, _: web.Request, __: Json) -> Json:
        """GET pane: the tenant as a window shows it, and the newest fact of the feed that is in it."""
        tenant = self._tenant
        return {**pane(tenant), "budget": self._graph.budget(), "at": tenant.feed.last}

    def throttle_for(self, _: web.Request, sent: Json) -> Json:
        """POST throttle-for: refuse every scarce call with 429 for so many seconds."""
        self._graph.throttle.close_for(float(sent["seconds"]))
        return self._graph.budget()

    def policy(self, _: web.Request, sent: Json) -> Json:
        """POST policy {"policy": name or id, "state": "enabled", "by": key}: it is edited.

        Without a state something else of it changes. The audit log says who: one of the administrators.
        """
        tenant, policy = self._tenant, self._policy(str(sent["policy"]))
        state = str(sent.get("state", policy["state"]))
        if state not in POLICY_STATES:
            raise Refusal(400, "BadRequest", f"a policy's state is one of {', '.join(POLICY_STATES)}")
        by = self._named(str(sent["by"])) if "by" in sent else self._someone_else(None)
        if "state" not in sent or state != policy["state"]:
            before = dict(policy)
            tenant.set_policy_state(policy, state)
            for audit in policy_change_audits(tenant, before, policy, by):
                tenant.log_audit(audit)
        return {"policy": policy_seen(tenant, policy), "by": by.upn}

    def _policy(self, name: str) -> Json:
        for policy in self._tenant.policies:
            if name in (policy["id"], policy["displayName"]):
                return policy
        raise Refusal(404, "NotFound", f"there is no policy {name}")

    def add_method(self, request: web.Request, sent: Json) -> Json:
        """The person registers a sign-in method."""
        person = self._person(request)
        number = len(person.methods)
        method = {
            "kind": sent["kind"],
            "id": self._tenant.new_id("method", person.key, sent["kind"], number),
            "displayName": sent.get("displayName", ""),
            "created": self._tenant.timestamp(),
            "platform": sent.get("platform", "macOS"),
        }
        self._tenant.add_method(person, method)
        return _card(self._graph, person)

    def add_sign_ins(self, request: web.Request, sent: Json) -> Json:
        """Add sign-ins in the words of the cast files."""
        person, now = self._person(request), self._tenant.now()
        attempts = [attempt_from(person, described, now) for described in sent["signIns"]]
        rows = []
        for attempt in attempts:
            rows.append(sign_in_row(self._tenant, person, attempt))
            self._tenant.log_sign_in(rows[-1])
        self._tenant.tell_person(person)
        return {"rows": rows}

    def facts(self, request: web.Request, sent: Json) -> Json:
        """Change Graph properties of the account, such as accountEnabled."""
        person = self._person(request)
        unknown = set(sent) - set(person.facts)
        if unknown:
            raise Refusal(400, "BadRequest", f"no such properties: {', '.join(sorted(unknown))}")
        person.facts.update(sent)
        self._tenant.tell_person(person)
        return _card(self._graph, person)


def _card(graph: Graph, person: Person) -> Json:
    return {
        "key": person.key,
        "id": person.id,
        "userPrincipalName": person.upn,
        "displayName": person.facts["displayName"],
        "mail": person.facts["mail"],
        "story": person.story,
        "perUserMfaState": person.state,
        "psso": person.psso,
        "roles": [NAMES[role] for role in graph.tenant.roles_of(person)],
        "deleted": person.deleted,
    }


_ENDPOINTS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "cast", Admin.cast),
    ("GET", "pane", Admin.pane),
    ("POST", "policy", Admin.policy),
    ("POST", "throttle-for", Admin.throttle_for),
    ("GET", "requests", Admin.requests),
    ("DELETE", "requests", Admin.forget_requests),
    ("POST", "faults", Admin.add_fault),
    ("DELETE", "faults", Admin.clear_faults),
    ("POST", "readback-lag", Admin.lag),
    ("POST", "permissions", Admin.permissions),
    ("POST", "licence", Admin.licence),
    ("POST", "bulk-state", Admin.bulk_state),
    ("POST", "security-defaults", Admin.security_defaults),
    ("POST", "throttle", Admin.limits),
    ("GET", "metrics", Admin.metrics),
    ("DELETE", "metrics", Admin.forget_metrics),
    ("POST", "users/{name}/state", Admin.state),
    ("POST", "users/{name}/try-registration", Admin.register),
    ("POST", "users/{name}/methods", Admin.add_method),
    ("POST", "users/{name}/sign-ins", Admin.add_sign_ins),
    ("POST", "users/{name}/facts", Admin.facts),
)
