"""What one reading of the whole tenant finds: each account's per-user MFA state, and the count of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.domain.people import ObjectId, PerUserMfaState
from bot.errors import GraphError, GraphRefused

NAMED_UNREAD = 10


@dataclass(frozen=True, slots=True)
class Swept:
    """One account. `state` is None when it could not be read; `trouble` then says why.

    `compared` is False for a state out of Graph's list of users that no single read could confirm.
    """

    id: ObjectId
    user_principal_name: str
    display_name: str
    state: PerUserMfaState | None
    account_enabled: bool | None = None
    user_type: str | None = None
    trouble: GraphError | None = None
    compared: bool = True

    @property
    def is_hit(self) -> bool:
        """Whether per-user MFA is known to be on."""
        return self.state is not None and self.state is not PerUserMfaState.DISABLED


@dataclass(slots=True)
class Tally:
    """Counts accounts as they come; its size does not grow with the tenant."""

    read: int = 0
    disabled: int = 0
    enabled: int = 0
    enforced: int = 0
    refused: int = 0  # could not be read: Graph refuses it
    unreached: int = 0  # could not be read: no usable answer
    uncompared: int = 0
    troubles: list[GraphError] = field(default_factory=list)  # the first of each kind
    unread_names: list[str] = field(default_factory=list)  # the first few

    @property
    def hits(self) -> int:
        """Accounts whose per-user MFA is on."""
        return self.enabled + self.enforced

    @property
    def unread(self) -> int:
        """Accounts whose state could not be read."""
        return self.refused + self.unreached

    def add(self, swept: Swept) -> None:
        """Count one account."""
        self.read += 1
        self.uncompared += not swept.compared
        match swept.state:
            case PerUserMfaState.DISABLED:
                self.disabled += 1
            case PerUserMfaState.ENABLED:
                self.enabled += 1
            case PerUserMfaState.ENFORCED:
                self.enforced += 1
            case None:
                self._add_unread(swept)

    def _add_unread(self, swept: Swept) -> None:
        is_refused = isinstance(swept.trouble, GraphRefused)
        self.refused += is_refused
        self.unreached += not is_refused
        if len(self.unread_names) < NAMED_UNREAD:
            self.unread_names.append(swept.user_principal_name or swept.id)
        kinds = {type(trouble) for trouble in self.troubles}
        if swept.trouble is not None and type(swept.trouble) not in kinds:
            self.troubles.append(swept.trouble)
