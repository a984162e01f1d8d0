"""The MfaSweep port: the per-user MFA state of every user, page by page.

Graph's list of users serves `perUserMfaState` when it is selected, although no reference names it:
https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/3368
Nothing promises that, so a missing value means "not served here" and never "disabled": such users are read
one by one, and a sample of what the list says is compared with single reads before it is believed.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from bot.adapters.graph.batches import StateReader
from bot.adapters.graph.calls import Call
from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.pages import read_page
from bot.adapters.graph.wire import Row, flag, text
from bot.domain.people import ObjectId, PerUserMfaState, object_id
from bot.domain.sweep import Swept
from bot.errors import BadInput, GraphError, GraphMalformed, GraphThrottled, GraphUnreachable
from bot.ports import Urgency

USERS = Call("the list of users", "User.Read.All")
FACTS = "id,userPrincipalName,displayName,accountEnabled,userType"
LIST = f"/v1.0/users?$select={FACTS}&$top=999"
LIST_WITH_STATES = f"/v1.0/users?$select={FACTS},perUserMfaState&$top=999"

PAGE_TRIES = 6
UNSAID_WAIT = 5.0
LONGEST_WAIT = 300.0
SAMPLE = 20
"""Users read singly before the list is believed: one batch."""

log = logging.getLogger(__name__)


class GraphMfaSweep:
    """Reads the whole tenant with the least urgency. Holds one page of users at a time."""

    def __init__(self, graph: Gateway) -> None:
        self._graph = graph

    async def states(self) -> AsyncIterator[Swept]:
        """Yield every user once; one whose state could not be read has a trouble instead.

        Raises GraphError when the reading cannot go on. Users deleted meanwhile are left out.
        """
        reader = StateReader(self._graph)
        belief: bool | None = None  # whether the list's states hold; None: not compared yet
        compared = True
        async for page in self._pages():
            served = [user for user in page if user.state is not None]
            if belief is None and served:
                agreed = await self._agrees(served, reader)
                belief, compared = agreed is not False, agreed is not None
            for user in page:
                if user.state is not None and belief:
                    yield replace(user, compared=compared)
            singly = [user for user in page if user.state is None or not belief]
            async for read in reader.read(singly):
                yield read

    async def _agrees(self, served: Sequence[Swept], reader: StateReader) -> bool | None:
        """Compare a sample of the list with single reads; None when those could not be made."""
        sample = _sample(served)
        try:
            singly = [read async for read in reader.read(sample)]
        except GraphError as error:
            log.warning("the list's states could not be compared with single reads: %s", error)
            return None
        said = {user.id: user.state for user in sample}
        known = [read for read in singly if read.state is not None]
        if not known:
            return None
        differing = sum(read.state is not said[read.id] for read in known)
        if differing:
            log.warning("the list's states differ from single reads: %d of %d", differing, len(known))
        return not differing

    async def _pages(self) -> AsyncIterator[list[Swept]]:
        """Yield the pages of users, some perhaps empty: https://learn.microsoft.com/graph/paging."""
        link = LIST_WITH_STATES
        while True:
            try:
                body = await self._patiently(link)
            except GraphMalformed as error:
                if error.status != 400 or link is not LIST_WITH_STATES:
                    raise
                log.info("this Graph's list of users does not know the per-user MFA state")
                link = LIST
                continue
            users, next_link = await read_page(USERS, body, _user)
            yield users
            if next_link is None:
                return
            if next_link == link:
                raise GraphMalformed(USERS.what, message="a page names itself as the next one")
            link = next_link

    async def _patiently(self, link: str) -> bytes:
        """Read one page; a busy Graph is waited for, because nobody waits on this page alone."""
        for _ in range(PAGE_TRIES - 1):
            try:
                return await self._graph.get(USERS, link, Urgency.BACKGROUND)
            except (GraphThrottled, GraphUnreachable) as error:
                said = error.retry_after if isinstance(error, GraphThrottled) else None
                await self._graph.pause(min(said if said is not None else UNSAID_WAIT, LONGEST_WAIT))
        return await self._graph.get(USERS, link, Urgency.BACKGROUND)


def _sample(served: Sequence[Swept]) -> list[Swept]:
    """Return some users of each state: a list that says "disabled" of everybody must not pass by luck."""
    on = [user for user in served if user.is_hit][: SAMPLE // 2]
    off = [user for user in served if not user.is_hit]
    room = SAMPLE - len(on)
    return on + off[:: max(1, len(off) // room)][:room]


def _user(row: Row) -> Swept:
    """Read a row; a state that is missing or unknown is None. ValueError without an object id."""
    try:
        user_id: ObjectId = object_id(text(row, "id"))
    except BadInput:
        raise ValueError("id is not an object id") from None
    said = text(row, "perUserMfaState")
    return Swept(
        id=user_id,
        user_principal_name=text(row, "userPrincipalName"),
        display_name=text(row, "displayName"),
        state=PerUserMfaState(said) if said in set(PerUserMfaState) else None,
        account_enabled=flag(row, "accountEnabled"),
        user_type=text(row, "userType").capitalize() or None,
    )
