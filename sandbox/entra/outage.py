"""Many people at once: doors under /_admin/ for a crowd that fails or registers, and for records that Entra
publishes late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from aiohttp import web

from sandbox.entra.filters import moment
from sandbox.entra.sign_in_rows import Attempt, sign_in_row
from sandbox.entra.tenant import Person, Tenant
from sandbox.entra.wire import Json, timestamp

GIVEN = ("Alma", "Bo", "Cleo", "Dario", "Edda", "Falk", "Greta", "Hugo", "Inga", "Jonas", "Kaia", "Liv")
FAMILY = ("Ahlberg", "Brandt", "Corvin", "Dahl", "Ekman", "Frisk", "Gruber", "Haller", "Isaksen", "Juhl")


@dataclass(frozen=True, slots=True)
class Outage:
    """The doors of one tenant."""

    tenant: Tenant

    def add_to(self, app: web.Application) -> None:
        """Mount every door."""
        for path, handler in (
            ("crowd", self.crowd),
            ("publish", self.publish),
            ("log", self.write_log),
        ):
            app.router.add_route("POST", f"/_admin/{path}", _answered(handler))

    def crowd(self, sent: Json) -> Json:
        """POST crowd {"users": 5000, "code": 53003, "policy": name, "over": 600, "late": 60, "lane": "prt"}.

        So many people sign in within the last `over` seconds and end with `code`, `policy` being what failed;
        records are visible `late` seconds after their time. Code 0: they register.
        """
        rows = crowd_rows(
            self.tenant,
            people(self.tenant, int(sent["users"])),
            Attempt(
                self.tenant.now(),
                str(sent.get("lane", "prt")),
                int(sent["code"]),
                provider=sent.get("provider"),
                policies={str(sent["policy"]): "failure"} if sent.get("policy") else {},
            ),
            float(sent.get("over", 600)),
        )
        add_sign_ins(self.tenant, rows, float(sent.get("late", 0)))
        return {"rows": len(rows), "first": rows[0] if rows else None}

    def write_log(self, sent: Json) -> Json:
        """POST log {"rows": [record, …], "like": record, "in": {id: seconds}, "empty": true}: write into it.

        What a row does not say is as in `like`. Those named by `in` become visible in so many seconds;
        `empty` first takes out all that was there.
        """
        tenant, now = self.tenant, self.tenant.now()
        if sent.get("empty"):
            tenant.sign_ins.clear()
        later = {str(row_id): float(seconds) for row_id, seconds in sent.get("in", {}).items()}
        tenant.published_at.update({row: now + timedelta(seconds=late) for row, late in later.items()})
        like = sent.get("like", {})
        add_sign_ins(tenant, [{**like, **row} for row in sent.get("rows", ())])
        return {"rows": len(tenant.sign_ins)}

    def publish(self, sent: Json) -> Json:
        """POST publish {"ids": […], "in": 300}: these sign-ins become visible in so many seconds."""
        at = self.tenant.now() + timedelta(seconds=float(sent["in"]))
        self.tenant.published_at.update({str(row_id): at for row_id in sent["ids"]})
        return {"at": timestamp(at)}


def _answered(handler: Callable[[Json], Json]) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.Response:
        try:
            return web.json_response(handler(await request.json()))
        except (ValueError, KeyError, TypeError) as problem:
            return web.json_response({"error": f"{type(problem).__name__}: {problem}"}, status=400)

    return answer


def people(tenant: Tenant, number: int) -> list[Person]:
    """Return the first so many people of a crowd, always the same; who is missing joins the tenant."""
    pattern = next(one for one in tenant.living() if not one.is_guest and not one.roles)
    return [_of_the_crowd(tenant, pattern, nth) for nth in range(number)]


def _of_the_crowd(tenant: Tenant, pattern: Person, nth: int) -> Person:
    identity = tenant.new_id("crowd", nth)
    if identity in tenant.people:
        return tenant.people[identity]
    given, family = GIVEN[nth % len(GIVEN)], FAMILY[nth // len(GIVEN) % len(FAMILY)]
    key = f"{given}.{family}.{nth}".lower()
    address = f"{key}@{tenant.domain}"
    facts = {
        **pattern.facts,
        "id": identity,
        "displayName": f"{given} {family} {nth}",
        "givenName": given,
        "surname": family,
        "mail": address,
        "mailNickname": key,
        "userPrincipalName": address,
        "proxyAddresses": [f"SMTP:{address}"],
    }
    person = replace(
        pattern,
        key=key,
        id=identity,
        story="One of many.",
        facts=facts,
        state="disabled",
        devices=[],
        methods=[],
    )
    tenant.people[identity] = person
    return person


def crowd_rows(tenant: Tenant, crowd: list[Person], attempt: Attempt, over: float) -> list[Json]:
    """Return one record a person, spread evenly over the last `over` seconds, oldest first.

    One full record is made, and copied with what differs: the policies are the same for everybody.
    """
    if not crowd:
        return []
    pattern, start = sign_in_row(tenant, crowd[0], attempt), len(tenant.sign_ins)
    step = over / len(crowd)
    rows = []
    for nth, person in enumerate(crowd):
        row_id = tenant.new_id("crowd-row", start, nth)
        row = {
            **pattern,
            "id": row_id,
            "originalRequestId": row_id,
            "createdDateTime": timestamp(attempt.at - timedelta(seconds=over - step * nth)),
            "correlationId": tenant.new_id("crowd-correlation", start, nth),
            "userId": person.id,
            "userDisplayName": person.facts["displayName"],
            "userPrincipalName": person.sign_in_name,
            "signInIdentifier": person.sign_in_name,
        }
        rows.append(row)
    return rows


def add_sign_ins(tenant: Tenant, rows: list[Json], late: float = 0) -> None:
    """Put many records into the log at once; each is visible `late` seconds after its time."""
    tenant.sign_ins.extend(rows)
    tenant.sign_ins.sort(key=lambda row: str(row["createdDateTime"]))
    if late:
        for row in rows:
            seconds = timedelta(seconds=late)
            tenant.published_at[row["id"]] = moment(row["createdDateTime"]) + seconds
