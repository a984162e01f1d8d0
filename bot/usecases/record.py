"""Nothing is done, and nothing refused, without a line in the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.domain.approval import ChangeRequest, Person
from bot.domain.people import ObjectId
from bot.errors import BadInput, Conflict, NotAllowed
from bot.ports import Desk, Entry, Journal

RECENT = 50  # records about one person


@dataclass(slots=True)
class Deed:
    """What someone tries to do; filled in while it becomes known who and about whom."""

    what: str  # "request", "approve", "deny", "undo", "hold", "silence"…
    slack_id: str
    op_id: str
    request_id: str | None = None
    actor: Person | None = None
    target: ObjectId | None = None

    def concerns(self, request: ChangeRequest) -> None:
        """Remember the request this is about."""
        self.request_id, self.target = request.id, request.wish.target.object_id

    def entry(self, kind: str, **more: str) -> Entry:
        """Return a journal entry about this deed."""
        detail = {"what": self.what, "slack_id": self.slack_id, "op_id": self.op_id, **more}
        return Entry(kind, request_id=self.request_id, actor=self.actor, target=self.target, detail=detail)


@asynccontextmanager
async def refusals_recorded(deed: Deed, journal: Journal) -> AsyncIterator[None]:
    """Write a "refused" entry for every refusal inside, then let it through.

    A journal that cannot be written refuses as well: AuditUnavailable takes the refusal's place.
    """
    try:
        yield
    except (NotAllowed, Conflict, BadInput) as refusal:
        await journal.write(deed.entry("refused", **_reason(refusal)))
        raise


def _reason(refusal: NotAllowed | Conflict | BadInput) -> dict[str, str]:
    """What was typed stays out: a refused text may hold a secret."""
    match refusal:
        case NotAllowed(denial=denial, detail=detail):
            return {"because": str(denial), "detail": detail}
        case Conflict(state=state):
            return {"because": "conflict", "state": state}
        case BadInput(field=field):
            return {"because": "bad_input", "field": field or ""}


async def expiry_recorded(request: ChangeRequest, desk: Desk, *, again: bool) -> None:
    """Journal that nobody decided in time; `again`: this may have been done before. Raises AuditUnavailable.

    A request expires at whatever touches it next, so its news is the one place that every expiry passes.
    """
    target = request.wish.target.object_id
    entry = Entry("request.expired", request_id=request.id, actor=request.wish.requester, target=target)
    if again:
        noted = await desk.journal.about(target, RECENT)
        if any((one.kind, one.request_id) == (entry.kind, entry.request_id) for one in noted):
            return
    await desk.journal.write(entry)
