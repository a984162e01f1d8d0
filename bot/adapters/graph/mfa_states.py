"""The MfaStates port: the legacy per-user MFA state, which only Graph beta has.

https://learn.microsoft.com/graph/api/authentication-update?view=graph-rest-beta
"""

from __future__ import annotations

from bot.adapters.graph.calls import MFA_CHANGE, MFA_STATE
from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.pages import json_object
from bot.adapters.graph.wire import text
from bot.domain.people import ObjectId, PerUserMfaState, object_id
from bot.errors import GraphMalformed
from bot.ports import Urgency


class GraphMfaStates:
    """Reads the state as the reader, changes it as the writer."""

    def __init__(self, graph: Gateway) -> None:
        self._graph = graph

    async def per_user_mfa_state(self, user: ObjectId) -> PerUserMfaState:
        """Read the state. A missing or unknown value is GraphMalformed, never "disabled"."""
        body = await self._graph.get(MFA_STATE, _path(user), Urgency.ACTION)
        said = text(json_object(MFA_STATE, body), "perUserMfaState")
        try:
            return PerUserMfaState(said)
        except ValueError:
            problem = f"an unknown state {said[:40]!r}" if said else "the answer names no state"
            raise GraphMalformed(MFA_STATE.what, message=problem) from None

    async def set_per_user_mfa_state(
        self, user: ObjectId, state: PerUserMfaState, client_request_id: str
    ) -> str | None:
        """Send exactly one PATCH, never retried; return Graph's request id. 2xx is not yet success."""
        change = {"perUserMfaState": state.value}
        return await self._graph.patch(MFA_CHANGE, _path(user), change, client_request_id)


def _path(user: ObjectId) -> str:
    """Return the address of a user's state; BadInput for anything but an object id."""
    return f"/beta/users/{object_id(user)}/authentication/requirements"
