"""Names of everything in the store. All of a tenant's keys share one hash tag, hence one Cluster slot.

https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keyspace:
    """The keys of one tenant."""

    tenant: str

    @property
    def prefix(self) -> str:
        """What every key begins with."""
        return f"{{t:{self.tenant}}}:"

    def request(self, request_id: str) -> str:
        """One change request."""
        return f"{self.prefix}req:{request_id}"

    @property
    def outbox(self) -> str:
        """What happened to requests, for those who tell people and those who carry out."""
        return f"{self.prefix}outbox"

    @property
    def inbox(self) -> str:
        """Commands and clicks that were accepted."""
        return f"{self.prefix}inbox"

    @property
    def audit(self) -> str:
        """Every move, written with it."""
        return f"{self.prefix}audit"

    @property
    def journal(self) -> str:
        """The journal's second copy."""
        return f"{self.prefix}journal"

    @property
    def open_requests(self) -> str:
        """Ids of open requests by creation."""
        return f"{self.prefix}open"

    @property
    def due_requests(self) -> str:
        """Ids of pending requests by expiry."""
        return f"{self.prefix}due"

    def named(self, *parts: str) -> str:
        """Any other key."""
        return self.prefix + ":".join(parts)
