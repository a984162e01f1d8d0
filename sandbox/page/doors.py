"""The page's addresses: see INTERFACE.md for what each answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox.demo.bot_process import BotProcess
from sandbox.feed import Json
from sandbox.page.entra_side import EntraSide
from sandbox.page.events import serve_events
from sandbox.page.hub import Hub
from sandbox.page.progress import Progress
from sandbox.page.slack_side import SlackSide
from sandbox.page.stories import Stories

STATIC = Path(__file__).parent / "static"
AWAY: Json = {"state": "away", "pid": None, "since": 0.0}


@dataclass(frozen=True)
class Doors:
    """Handlers over both halves."""

    hub: Hub
    slack: SlackSide
    entra: EntraSide
    progress: Progress
    stories: Stories
    bot: BotProcess | None

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        router = app.router
        router.add_get("/", self._index)
        router.add_static("/static", STATIC)
        router.add_get("/files/{id}", self._file)
        router.add_get("/api/state", self._state)
        router.add_get("/api/messages", self._messages)
        router.add_get("/api/events", self._events)
        router.add_get("/api/entra", self._pane)
        router.add_get("/api/inspect", self._inspected)
        router.add_get("/api/inspect/{kind:delivery|web_api}/{n}", self._inspect)
        router.add_post("/api/entra/{act:try|state|policy}", self._administer)
        router.add_post("/api/stories/{story}", self._play)
        router.add_post("/api/progress", self._start_over)
        router.add_post("/api/{action}", self._act)

    def bot_shown(self) -> Json:
        """Return how the bot is, without asking it."""
        return self.bot.shown() if self.bot is not None else AWAY

    async def _bot(self) -> Json:
        sockets = await self.slack.slack.get("socket")
        return {**self.bot_shown(), "connections": sockets["connections"]}

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _file(self, request: web.Request) -> web.Response:
        return await self.slack.file(request.match_info["id"])

    async def _state(self, request: web.Request) -> web.Response:
        state = await self.slack.state(request.query["person"])
        more = {"bot": await self._bot(), "stories": self.stories.shown(), "progress": self.progress.shown()}
        return web.json_response({**state, **more})

    async def _messages(self, request: web.Request) -> web.Response:
        return web.json_response(await self.slack.older(request))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        return await serve_events(self.hub, request)

    async def _pane(self, _: web.Request) -> web.Response:
        pane = await self.entra.pane()
        return web.json_response({**pane, "bot": await self._bot(), "stories": self.stories.shown()})

    async def _inspected(self, request: web.Request) -> web.Response:
        limit = max(0, int(request.query.get("limit", "50")))
        newest = {"deliveries": self.hub.deliveries, "web_api": self.hub.calls}
        return web.json_response(
            {name: list(rows)[-limit:] if limit else [] for name, rows in newest.items()}
        )

    async def _inspect(self, request: web.Request) -> web.Response:
        found = await self.slack.inspect(request.match_info["kind"], request.match_info["n"])
        return web.json_response(found)

    async def _administer(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        act = request.match_info["act"]
        if act == "try":
            went = await self.entra.try_registration(str(asked["user"]))
        elif act == "state":
            went = await self.entra.set_state(str(asked["user"]), str(asked["state"]))
        else:
            went = await self.entra.set_policy(str(asked["policy"]), str(asked["state"]))
        return web.json_response({"ok": True, **went})

    async def _play(self, request: web.Request) -> web.Response:
        return web.json_response(await self.stories.play(request.match_info["story"], await _asked(request)))

    async def _start_over(self, _: web.Request) -> web.Response:
        went = await self.stories.play("start-over", {})
        return web.json_response({**went, "progress": self.progress.shown()})

    async def _act(self, request: web.Request) -> web.Response:
        return web.json_response(await self.slack.act(request.match_info["action"], await _asked(request)))


async def _asked(request: web.Request) -> Json:
    try:
        asked = await request.json()
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise web.HTTPBadRequest(reason="Send a JSON object")
    return asked
