"""The guided story and the hard ones on the page, with the real bot between the sandboxes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio

from bot.render import labels
from sandbox.demo.bot_process import BotProcess
from sandbox.demo.entra import Tenant
from sandbox.demo.processes import stage_for
from sandbox.page.progress import FACTS
from sandbox.page.server import Page
from sandbox.slack.forms import walk
from sandbox.slack.people import Workspace
from tests.sandbox.page.conftest import Json, Stream, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

GENERAL, APPROVALS = "C0GENERAL", "C0APPROVE"
EDDA = "edda.holt@contoso.com"


@dataclass
class Scene:
    """A visitor on the page, one stream for the three who act, and the bot."""

    visitor: Visitor
    stream: Stream
    bot: BotProcess

    async def card(self, action_id: str, about: str) -> Json:
        """Return the next message that names somebody and has that button."""

        def fits(event: Json) -> bool:
            if event["kind"] != "message" or about not in str(event["message"]["blocks"]):
                return False
            return action_id in {element["action_id"] for _, element in walk(event["message"]["blocks"])}

        found: Json = (await self.next(fits))["message"]
        return found

    async def next(self, wanted: Callable[[Json], bool]) -> Json:
        """Return the first event that fits and was not looked at yet; forget those before it."""
        event = await self.stream.until(wanted)
        del self.stream.seen[: self.stream.seen.index(event) + 1]
        return event

    async def press(self, person: str, message: Json, action_id: str) -> None:
        where = {"channel": message["channel"], "message_ts": message["ts"]}
        went = await self.visitor.does("click", person=person, action_id=action_id, **where)
        assert went["acked"], went

    async def fill_in(self, person: str, callback_id: str, **values: str) -> None:
        opened = await self.next(
            lambda event: (
                event["kind"] == "modals"
                and [view["callback_id"] for view in event["modals"]][-1:] == [callback_id]
            )
        )
        filled = {name: {name: value} for name, value in values.items()}
        asked = {"person": person, "view_id": opened["modals"][-1]["id"], "values": filled}
        went = await self.visitor.does("submit", **asked)
        assert (went["acked"], went["errors"]) == (True, {})

    async def request(self, upn: str) -> Json:
        """Ask why, request the change; return the card for the approvers."""
        asked = {"person": "U0HANA", "channel": GENERAL, "command": "/psso", "text": f"why {upn}"}
        assert (await self.visitor.does("command", **asked))["acked"]
        answer = await self.card(labels.ON_REQUEST_DISABLE, upn)
        assert answer["ephemeral"] is True
        await self.press("U0HANA", answer, labels.ON_REQUEST_DISABLE)
        fields = {labels.REASON_FIELD: "It will not register", labels.IDENTITY_FIELD: "in_person"}
        await self.fill_in("U0HANA", labels.REQUEST_MODAL, **fields)
        return await self.card(labels.ON_APPROVE, upn)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder = tmp_path_factory.mktemp("page")
    settings = {"PSSO_GRAPH_REPORTS_PER_10S": "500", "PSSO_APPROVAL_SECONDS_MIN": "0"}
    async with (
        stage_for(folder / "state", **settings) as stage,
        Workspace(stage.slack_url) as slack,
        BotProcess(stage.bot_environment, folder / "bot.log") as bot,
        Page(stage.slack_url, stage.entra_url, bot) as page,
        aiohttp.ClientSession() as session,
    ):
        await slack.rate_limits(enabled=False)
        await Tenant(stage.entra_url, session).throttle(reports_per_10s=None, policies_per_s=None)
        visitor = Visitor(page.url, session)
        async with visitor.stream("U0HANA,U0OTTO,U0MIRA") as stream:
            yield Scene(visitor, stream, bot)


async def test_six_steps_from_ask_to_undo_and_once_more(scene: Scene) -> None:
    await _whole_story(scene)
    said = await scene.visitor.does("progress", restart=True)
    assert set(said["progress"]["facts"].values()) == {None}
    card = await scene.request(EDDA)
    await scene.press("U0HANA", card, labels.ON_CANCEL)


async def _whole_story(scene: Scene) -> None:
    card = await scene.request(EDDA)
    await scene.press("U0OTTO", card, labels.ON_APPROVE)
    done = await scene.card(labels.ON_UNDO, "Edda")
    assert "registered" in (await scene.visitor.does("stories/stuck-tries-again"))["said"]
    await scene.press("U0OTTO", done, labels.ON_UNDO)
    await scene.fill_in("U0OTTO", labels.UNDO_MODAL, **{labels.REASON_FIELD: "It was the old Mac"})
    undo = await scene.card(labels.ON_APPROVE, "Edda")
    await scene.press("U0MIRA", undo, labels.ON_APPROVE)
    told = await scene.next(lambda event: event["kind"] == "progress" and event["fact"] == "undone")
    facts = told["progress"]["facts"]
    assert list(facts) == list(FACTS)
    assert all(facts.values())
    order = (
        "asked",
        "answered",
        "form_opened",
        "requested",
        "changed",
        "verified",
        "undo_requested",
        "undone",
    )
    times = [facts[name] for name in order]
    assert times == sorted(times)


async def test_two_approvers_at_once_change_it_once(scene: Scene) -> None:
    user = "orla.o'brien@contoso.com"
    card = await scene.request(user)
    said = (await scene.visitor.does("stories/two-approvers"))["said"]
    assert said.startswith("Otto and Mira clicked Approve in the same moment")
    await scene.card(labels.ON_UNDO, user)
    person = next(one for one in (await scene.visitor.get("/api/entra"))["people"] if one["upn"] == user)
    calls = (await scene.visitor.get("/api/entra"))["calls"]
    patches = [one for one in calls if one["method"] == "PATCH" and person["id"] in one["path"]]
    assert (person["per_user_mfa"], len(patches)) == ("disabled", 1)
    assert card["channel"] == APPROVALS


async def test_a_killed_bot_comes_back_and_remembers(scene: Scene) -> None:
    user = "cleo.marsh@contoso.com"
    card = await scene.request(user)
    killed = (await scene.visitor.state("U0HANA"))["bot"]["pid"]
    said = (await scene.visitor.does("stories/kill-the-bot"))["said"]
    assert said.startswith(f"Process {killed} was killed; process {scene.bot.pid} was ready")
    states = [event["bot"]["state"] for event in scene.stream.seen if event["kind"] == "bot"]
    running = lambda event: event["kind"] == "bot" and event["bot"]["state"] == "running"  # noqa: E731
    assert (await scene.next(running))["bot"]["pid"] == scene.bot.pid != killed
    assert states.count("running") <= 1
    await scene.press("U0OTTO", card, labels.ON_APPROVE)
    await scene.card(labels.ON_UNDO, user)
