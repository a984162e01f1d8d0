"""The Slack Web API client: one session, patience with rate limits, and one place that translates errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.loopback import is_loopback
from bot.errors import SlackError

TIMEOUT_SECONDS = 10
LONGEST_WAIT = 30  # a longer Retry-After is the caller's to plan, not ours to sleep through
READS = frozenset(
    {
        "auth.test",
        "bots.info",
        "users.info",
        "usergroups.users.list",
        "conversations.info",
        "conversations.open",
    }
)
SHARED_READS = frozenset({"users.info", "usergroups.users.list", "conversations.info"})
"""Their callers wait together, in `kept`: whoever comes during Slack's wait shares the next try."""
UNREACHABLE = "unreachable"
TIMED_OUT = "timed_out"
MALFORMED = "malformed_answer"


class WaitsIfShort(AsyncRateLimitErrorRetryHandler):
    """Repeats a rate-limited call when Slack's wait is short enough to sit out."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if response is None or response.status_code != 429 or _method(request) in SHARED_READS:
            return False
        return (_retry_after(response.headers) or 1) <= LONGEST_WAIT


class RepeatsReads(AsyncConnectionErrorRetryHandler):
    """Repeats reads after a lost connection. A repeated chat.postMessage would post a card twice."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if _method(request) not in READS:
            return False
        return await super()._can_retry_async(state=state, request=request, response=response, error=error)


def slack_session(api_url: str) -> aiohttp.ClientSession:
    """Return the session every Slack call shares; proxies of the environment are not used on loopback."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    return aiohttp.ClientSession(trust_env=not is_loopback(api_url), timeout=timeout)


def slack_client(token: str, api_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Return a client for `api_url` that shares `session`; close the session, not the client."""
    client = AsyncWebClient(
        token=token,
        base_url=api_url if api_url.endswith("/") else f"{api_url}/",
        timeout=TIMEOUT_SECONDS,
        session=session,
        retry_handlers=[WaitsIfShort(max_retry_count=2), RepeatsReads(max_retry_count=1)],
    )
    if is_loopback(api_url):
        client.proxy = None
    return client


@contextmanager
def translated(method: str) -> Iterator[None]:
    """Turn whatever the SDK raises during `method` into SlackError."""
    try:
        yield
    except SlackApiError as error:
        raise _refused(method, error) from error
    except TimeoutError as error:
        raise SlackError(method, TIMED_OUT) from error
    except (aiohttp.ClientError, OSError) as error:
        raise SlackError(method, UNREACHABLE) from error
    except SlackClientError as error:
        raise SlackError(method, MALFORMED) from error


async def call(client: AsyncWebClient, method: str, *, verb: str = "POST", **fields: Any) -> dict[str, Any]:
    """Call a method and return its answer as a plain dict; raise SlackError."""
    sent = {"params": fields} if verb == "GET" else {"json": fields}
    with translated(method):
        answer = await client.api_call(method, http_verb=verb, **sent)
    if not isinstance(answer.data, dict):
        raise SlackError(method, MALFORMED)
    return answer.data


def _method(request: HttpRequest) -> str:
    return (request.url or "").partition("?")[0].rstrip("/").rpartition("/")[2]


def _refused(method: str, error: SlackApiError) -> SlackError:
    response = error.response
    data = getattr(response, "data", None)
    code = str(data.get("error") or MALFORMED) if isinstance(data, dict) else MALFORMED
    return SlackError(method, code, _retry_after(getattr(response, "headers", None) or {}))


def _retry_after(headers: Any) -> float | None:
    for name, value in dict(headers).items():
        if str(name).lower() == "retry-after":
            first = value[0] if isinstance(value, list) and value else value
            try:
                return float(str(first))
            except ValueError:
                return None
    return None
