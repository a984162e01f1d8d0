"""The pages behind an approver's sign-in link.

Addresses below /step-up: `<ticket>` says what would be approved, `<ticket>/sign-in` leads to Entra, and
`callback` is where Entra sends the browser back to (the redirect URI of the app registration).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from bot.domain.step_up import LINK_LIFETIME
from bot.errors import BotError, Conflict, Denial, NotAllowed
from bot.ports import Desk
from bot.render.failure import in_words
from bot.render.step_up_page import HEADERS, ask_page, counted_page, refused_page
from bot.render.words import _, reading_in
from bot.usecases.step_up import PATH, count_approval, give_up, look, send_to_entra

log = logging.getLogger(__name__)

TICKET = "{ticket:[0-9A-Za-z-]{4,64}}"
LONGEST = 4096  # of what a browser may bring back: Entra's codes have some 1200 characters

Page = Callable[[web.Request], Awaitable[web.Response]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def step_up_pages(desk: Desk) -> web.Application:
    """Return the pages, to be mounted under /step-up."""
    pages = web.Application(middlewares=[_guarded])
    pages.router.add_get("/callback", _back(desk), allow_head=False)
    pages.router.add_get(f"/{TICKET}", _asking(desk))
    pages.router.add_get(f"/{TICKET}/sign-in", _sending(desk), allow_head=False)
    return pages


def _asking(desk: Desk) -> Page:
    async def show(request: web.Request) -> web.Response:
        ticket_id = request.match_info["ticket"]
        ticket, change = await look(ticket_id, desk)
        return _html(ask_page(ticket, change, f"{ticket_id}/sign-in"))

    return show


def _sending(desk: Desk) -> Page:
    async def send(request: web.Request) -> web.Response:
        ticket_id = request.match_info["ticket"]
        way = await send_to_entra(ticket_id, desk)
        answer = web.Response(status=302, headers={"Location": way.address})
        public = urlsplit(desk.rules.public_url)
        answer.set_cookie(
            _cookie(ticket_id),
            way.browser,
            max_age=int(LINK_LIFETIME.total_seconds()),
            path=f"{public.path}{PATH}/callback",
            secure=public.scheme == "https",
            httponly=True,
            samesite="Lax",  # Strict would not come back from Entra
        )
        return answer

    return send


def _back(desk: Desk) -> Page:
    async def back(request: web.Request) -> web.Response:
        state, code = _one(request, "state"), _one(request, "code")
        browser = request.cookies.get(_cookie(state), "")[:LONGEST]
        if not code:
            await give_up(state, browser, _one(request, "error"), desk)
        return _html(counted_page(await count_approval(state, browser, code, desk)))

    return back


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals into pages, in the browser's language, with the same headers on every answer."""
    with reading_in(_first_language(request)):
        answer = await _page_or_refusal(request, handler)
    answer.headers.update(HEADERS)
    return answer


async def _page_or_refusal(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except BotError as error:
        log.info("a sign-in page refused: %s", error)
        return _html(refused_page(in_words(error)), _status(error))
    except web.HTTPException as error:
        return _html(refused_page(_("There is no such page.")), error.status)


def _first_language(request: web.Request) -> str:
    """Return what the browser asks for first: "de-DE" of "de-DE,de;q=0.9"."""
    return request.headers.get("Accept-Language", "").partition(",")[0].partition(";")[0].strip()


def _status(error: BotError) -> int:
    if isinstance(error, Conflict):
        return 409
    if not isinstance(error, NotAllowed):
        return 503
    return 404 if error.denial is Denial.STEP_UP_OVER else 403


def _one(request: web.Request, name: str) -> str:
    """Return a parameter that came exactly once and is not absurdly long; "" otherwise."""
    values = request.query.getall(name, [])
    return values[0] if len(values) == 1 and len(values[0]) <= LONGEST else ""


def _cookie(ticket_id: str) -> str:
    """Name a cookie for each link, so that two sign-ins in one browser do not disturb each other."""
    return f"psso_step_up_{hashlib.sha256(ticket_id.encode()).hexdigest()[:16]}"


def _html(page: str, status: int = 200) -> web.Response:
    return web.Response(text=page, status=status, content_type="text/html", charset="utf-8")
