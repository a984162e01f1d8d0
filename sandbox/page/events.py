"""`/api/events`: server-sent events with catch-up. https://html.spec.whatwg.org/multipage/server-sent-events.html"""

from __future__ import annotations

from collections.abc import Set

from aiohttp import web

from sandbox.feed import Json
from sandbox.page.hub import Hub

RETRY_MS = 1_000
STREAM_HEADERS = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}


async def serve_events(hub: Hub, request: web.Request) -> web.StreamResponse:
    """Stream what `?person=U1,U2` see, from Last-Event-ID or `?after=` on; who fell behind is told."""
    people = frozenset(request.query["person"].split(","))
    cursor = request.headers.get("Last-Event-ID") or request.query.get("after") or hub.cursor
    response = web.StreamResponse(headers=STREAM_HEADERS)
    await response.prepare(request)
    try:
        await response.write(f"retry: {RETRY_MS}\n\n".encode())
        await _send(hub, people, hub.number(cursor), response)
    except ConnectionError:  # the browser is gone
        pass
    return response


async def _send(hub: Hub, people: Set[str], place: int, response: web.StreamResponse) -> None:
    feed = hub.feed
    while not feed.closed:
        facts = feed.after(place)
        if facts is None:
            line = f'{{"id":"{hub.cursor}","kind":"reload","to":null}}'
            await response.write(_event(hub.cursor, line))
            return
        shown = [fact for fact in facts if _sees(people, fact)]
        if shown:
            cursors = (f"{hub.epoch}-{fact['id']}" for fact in shown)
            await response.write(
                b"".join(_event(at, fact["line"]) for at, fact in zip(cursors, shown, strict=True))
            )
        if any(fact["kind"] == "reload" for fact in shown):
            return
        place += len(facts)
        if not facts and not await feed.wait(place):
            await response.write(b": still here\n\n")


def _sees(people: Set[str], fact: Json) -> bool:
    return fact["to"] is None or not people.isdisjoint(fact["to"])


def _event(cursor: str, line: str) -> bytes:
    return f"id: {cursor}\ndata: {line}\n\n".encode()
