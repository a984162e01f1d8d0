"""POST $batch. https://learn.microsoft.com/graph/json-batching"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from sandbox.entra.wire import Call, Json, Refusal, Reply, split_target

LIMIT: Final = 20
Answer = Callable[[Call], Awaitable[Reply]]
_HIDDEN: Final = frozenset({"request-id", "client-request-id", "date", "strict-transport-security"})


async def answer_batch(call: Call, answer: Answer, shuffle: Callable[[list[Any]], None]) -> Reply:
    """Answer every inner request by itself; the order of the answers means nothing."""
    steps = _steps(call)
    done: dict[str, int] = {}
    responses: list[Json] = []
    for number, step in enumerate(steps):
        response = await _answer_step(call, number, step, done, answer)
        done[str(step["id"]).casefold()] = response["status"]
        responses.append(response)
    shuffle(responses)
    return Reply(body={"responses": responses})


def _steps(call: Call) -> list[Json]:
    steps = call.body().get("requests")
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise _bad("Invalid batch payload format.")
    if len(steps) > LIMIT:
        raise _bad(f"Number of batch request steps exceeds the maximum value of {LIMIT}.")
    if not steps:
        raise _bad("Request count cannot be 0.")
    ids = [str(step.get("id", "")).casefold() for step in steps]
    if "" in ids:
        raise _bad("Invalid batch payload format. Every request step needs an id.")
    if len(set(ids)) < len(ids):
        raise _bad("Request Id has to be unique in a batch.")
    return steps


def _bad(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


async def _answer_step(call: Call, number: int, step: Json, done: dict[str, int], answer: Answer) -> Json:
    problem = _problem(step, done)
    if problem is not None:
        error = {"code": problem.code, "message": problem.message}
        return {"id": step["id"], "status": problem.status, "headers": {}, "body": {"error": error}}
    reply = await answer(_inner_call(call, number, step))
    headers = {name: value for name, value in reply.headers.items() if name.casefold() not in _HIDDEN}
    return {"id": step["id"], "status": reply.status, "headers": headers, "body": reply.body}


def _problem(step: Json, done: dict[str, int]) -> Refusal | None:
    url, headers = step.get("url"), {name.casefold() for name in step.get("headers") or {}}
    if not isinstance(url, str) or not url or "://" in url or not step.get("method"):
        return _bad("Invalid batch payload format. The url of a request step is relative to the version.")
    if step.get("body") is not None and "content-type" not in headers:
        return _bad("Write request id : {} does not contain Content-Type header or body.".format(step["id"]))
    for other in step.get("dependsOn") or ():
        if done.get(str(other).casefold(), 424) >= 400:
            return Refusal(424, "FailedDependency", f"The request failed because request '{other}' failed.")
    return None


def _inner_call(call: Call, number: int, step: Json) -> Call:
    target = f"/{call.version}/{str(step['url']).lstrip('/')}"
    _, path, query = split_target(target)
    own = {name.casefold(): str(value) for name, value in (step.get("headers") or {}).items()}
    body = step.get("body")
    return replace(
        call,
        method=str(step["method"]).upper(),
        path=path,
        query=query,
        headers={"authorization": call.headers.get("authorization", ""), **own},
        content=b"" if body is None else json.dumps(body).encode(),
        target=target,
        request_id=f"{call.request_id[:-4]}{number:04x}",
        in_batch=True,
        empty_pages=0,
    )
