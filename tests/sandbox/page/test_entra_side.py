"""The Entra pane, and the stories that need no bot."""

from __future__ import annotations

import asyncio

import aiohttp

from sandbox.entra import EntraSandbox
from tests.sandbox.page.conftest import Json, Visitor

POLICY = "Require compliant device - sales"


def person(pane: Json, key: str) -> Json:
    return next(one for one in pane["people"] if one["key"] == key)


async def test_the_pane_shows_the_tenant(visitor: Visitor) -> None:
    pane = await visitor.get("/api/entra")
    ada = person(pane, "ada.lind")
    assert (ada["per_user_mfa"], ada["registered"], ada["slack"]) == ("enforced", False, "U0ADA")
    assert (ada["last_error"]["code"], ada["groups"]) == (50076, ["All staff", "Mac users"])
    assert person(pane, "gry.vang")["registered"] is True
    assert person(pane, "zoe.hart")["last_sign_in"] is None
    assert person(pane, "breakglass.one")["roles"] == ["Global Administrator"]
    everybody = next(one for one in pane["policies"] if one["name"] == "Require MFA - all users")
    assert everybody["who"].startswith("everybody; except breakglass.one@contoso.com, group CA exclusions")
    assert (everybody["what"], everybody["demands"]) == ("all resources", "mfa")
    assert pane["sign_ins"] == sorted(pane["sign_ins"], key=lambda row: row["at"], reverse=True)
    assert (pane["budget"]["limit"], pane["budget"]["used"], pane["bot"]["state"]) == (5, 0, "away")


async def test_a_stuck_user_gets_through_once_the_state_is_off(visitor: Visitor) -> None:
    user = "edda.holt@contoso.com"
    said = (await visitor.does("stories/stuck-tries-again"))["said"]
    assert said == "Edda Holt's Mac did not register: AADSTS50076. The Mac showed no reason."
    await visitor.does("entra/state", user=user, state="disabled")
    assert (await visitor.does("stories/stuck-tries-again"))["said"] == "Edda Holt's Mac registered."
    assert person(await visitor.get("/api/entra"), "edda.holt")["registered"] is True
    assert (await visitor.does("stories/start-over"))["said"].startswith("Edda Holt is stuck again")
    again = person(await visitor.get("/api/entra"), "edda.holt")
    assert (again["per_user_mfa"], again["registered"]) == ("enforced", False)


async def test_a_policy_change_breaks_a_department_and_the_audit_names_who(visitor: Visitor) -> None:
    async with visitor.stream("U0NILS") as stream:
        said = (await visitor.does("stories/ca-change-breaks-sales"))["said"]
        assert "8 of 8 people in Sales could not register (AADSTS53000)" in said
        runs = [event["story"]["running"] for event in stream.seen if event["kind"] == "story"]
        await stream.until(lambda event: event["kind"] == "story" and not event["story"]["running"])
        runs = [event["story"]["running"] for event in stream.seen if event["kind"] == "story"]
    assert runs == [True, False]
    pane = await visitor.get("/api/entra")
    audit = pane["audits"][0]
    assert (audit["activity"], audit["by"]) == ("Update conditional access policy", "rune.storm@contoso.com")
    assert audit["target"] == POLICY
    failures = [row for row in pane["sign_ins"] if row["code"] == 53000 and row["at"] >= audit["at"][:19]]
    assert len(failures) == 8
    assert {"name": POLICY, "result": "failure"} in failures[0]["policies"]
    assert all(person(pane, row["upn"].split("@")[0])["department"] == "Sales" for row in failures)
    assert "8 of 8 people in Sales registered" in (await visitor.does("stories/ca-change-taken-back"))["said"]


async def test_graph_throttles_for_a_while(visitor: Visitor, entra: EntraSandbox) -> None:
    async with visitor.stream("U0NILS") as stream:
        await visitor.does("stories/graph-throttles", seconds=1)
        assert await _asks(visitor.session, entra) == 429
        throttled = (await stream.until(lambda event: event["kind"] == "graph"))["budget"]
        assert (throttled["throttled"], throttled["throttling_until"] > 0) == (1, True)
        status, said = await visitor.tries("stories/graph-throttles", seconds=1)
        assert (status, said["error"]) == (409, "running")
        await stream.until(lambda event: event["kind"] == "story" and not event["story"]["running"])
        async with asyncio.timeout(2):
            while await _asks(visitor.session, entra) != 200:
                await asyncio.sleep(0.05)


async def _asks(session: aiohttp.ClientSession, entra: EntraSandbox) -> int:
    headers = {"Authorization": f"Bearer {entra.token}"}
    async with session.get(f"{entra.url}/v1.0/auditLogs/signIns?$top=1", headers=headers) as response:
        return response.status


async def test_what_cannot_be_is_refused_in_words(visitor: Visitor) -> None:
    assert (await visitor.tries("stories/two-approvers"))[1]["error"] == "no_open_request"
    assert (await visitor.tries("stories/kill-the-bot"))[1]["error"] == "no_bot_here"
    assert (await visitor.tries("stories/unheard-of"))[0] == 404
    assert (await visitor.tries("entra/try", user="nobody"))[1]["error"] == "no_such_user"
    assert (await visitor.tries("entra/policy", policy="none", state="enabled"))[0] == 404
    assert (await visitor.tries("entra/policy", policy=POLICY, state="perhaps"))[0] == 400
    assert (await visitor.tries("entra/state", user="ada.lind", state="maybe"))[0] == 400
