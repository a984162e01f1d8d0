"""Collections: $filter, $orderby, $select, $top, @odata.nextLink with $skiptoken, scripted empty pages.

https://learn.microsoft.com/graph/paging: "A page of results may contain zero or more results."
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from sandbox.entra.filters import invalid_filter, parse
from sandbox.entra.matching import Allowed, check, only
from sandbox.entra.wire import Call, Json, Refusal, Reply


@dataclass(frozen=True, slots=True)
class PageRule:
    """Default and largest page of a resource; `key` names a row for the next link."""

    default: int = 100
    largest: int = 999
    strict: bool = True  # a larger $top is refused; otherwise it is cut


PLAIN = PageRule()


def collection(
    call: Call,
    context: str,
    rows: Sequence[Json],
    *,
    allowed: Allowed | None = None,
    rule: PageRule = PLAIN,
    refusal: Callable[[str], Refusal] = lambda _: invalid_filter(),
) -> Reply:
    """Answer a collection: filter the rows, then cut a page."""
    return paged(call, context, _filtered(call, rows, allowed, refusal), rule)


def paged(call: Call, context: str, kept: list[Json], rule: PageRule = PLAIN) -> Reply:
    """Answer filtered rows: cut a page, select properties, add the next link."""
    page, next_link = _page(call, kept, rule)
    body: Json = {"@odata.context": f"{call.root}/$metadata#{context}"}
    if call.query.get("$count") == "true":
        body["@odata.count"] = len(kept)
    if next_link:
        body["@odata.nextLink"] = next_link
    body["value"] = [selected(call, row) for row in page]
    return Reply(body=body)


def _filtered(
    call: Call, rows: Sequence[Json], allowed: Allowed | None, refusal: Callable[[str], Refusal]
) -> list[Json]:
    text = call.query.get("$filter")
    if text is None:
        return list(rows)
    if allowed is None:
        raise invalid_filter()
    return only(list(rows), check(parse(text), allowed, refusal))


def page_size(call: Call, rule: PageRule) -> int:
    """Return the page size asked for, or refuse it."""
    text = call.query.get("$top")
    if text is None:
        return rule.default
    if not text.isdigit() or int(text) == 0:
        raise Refusal(400, "BadRequest", f"Invalid value '{text}' for $top query option found.")
    wanted = int(text)
    if wanted > rule.largest and rule.strict:
        message = f"Invalid page size specified: '{wanted}'. Must be between 1 and {rule.largest} inclusive."
        raise Refusal(400, "Request_UnsupportedQuery", message)
    return min(wanted, rule.largest)


def _page(call: Call, rows: list[Json], rule: PageRule) -> tuple[list[Json], str | None]:
    size, place = page_size(call, rule), _place(call)
    empty = int(place.get("empty", call.empty_pages))
    start = 0
    if "after" in place:
        start = next((at + 1 for at, row in enumerate(rows) if row["id"] == place["after"]), len(rows))
    if empty > 0:
        return [], _next_link(call, {**place, "empty": empty - 1})
    page = rows[start : start + size]
    more = start + size < len(rows)
    return page, _next_link(call, {"after": page[-1]["id"]}) if more and page else None


def _place(call: Call) -> Json:
    token = call.query.get("$skiptoken")
    if token is None:
        return {}
    try:
        place = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error):
        place = None
    if not isinstance(place, dict):
        raise Refusal(400, "BadRequest", "Invalid or expired $skiptoken.")
    return place


def _next_link(call: Call, place: Json) -> str:
    token = base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")
    query = {**call.query, "$skiptoken": token}
    path = "/".join(quote(segment, safe="@.,()'") for segment in call.path)
    return f"{call.root}/{path}?{urlencode(query, quote_via=quote, safe='$')}"


def selected(call: Call, row: Json) -> Json:
    """Keep the properties of $select; annotations stay, and `id` only when asked for."""
    wanted = [name.strip() for name in call.query.get("$select", "").split(",") if name.strip()]
    if not wanted:
        return row
    lower = {name.casefold() for name in wanted}
    return {key: value for key, value in row.items() if key.casefold() in lower or "@" in key}


def check_select(call: Call, known: frozenset[str], type_name: str) -> None:
    """Refuse a $select of a property that the type does not have."""
    lower = {name.casefold() for name in known}
    for name in filter(None, (part.strip() for part in call.query.get("$select", "").split(","))):
        if name.casefold() not in lower:
            message = (
                "Parsing OData Select and Expand failed: "
                f"Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'."
            )
            raise Refusal(400, "BadRequest", message)
