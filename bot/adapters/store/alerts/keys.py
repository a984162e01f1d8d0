"""Names of what alerting keeps."""

from __future__ import annotations

from dataclasses import dataclass

from bot.adapters.store.keyspace import Keyspace


@dataclass(frozen=True, slots=True)
class AlertKeys:
    """The keys of one tenant's alerts."""

    tenant: str

    def named(self, *parts: str) -> str:
        """Any key of alerting."""
        return Keyspace(self.tenant).named("alerts", *parts)

    @property
    def prefix(self) -> str:
        """What every key of alerting begins with."""
        return self.named("")

    def lease(self, name: str) -> str:
        """A lease: who holds it, its fence, and until when."""
        return Keyspace(self.tenant).named("lease", name)

    @property
    def queue(self) -> str:
        """Sightings that wait for grouping."""
        return self.named("sightings")

    @property
    def outbox(self) -> str:
        """Groups to show."""
        return self.named("outbox")

    @property
    def position(self) -> str:
        """How far grouping came, and what it stored with that."""
        return self.named("position")

    @property
    def live(self) -> str:
        """Ids of open groups by their newest failure."""
        return self.named("live")

    @property
    def closed(self) -> str:
        """Ids of groups that closed, by when."""
        return self.named("closed")

    def group(self, group_id: str) -> str:
        """A group."""
        return self.named("group", group_id)

    def members(self, group_id: str) -> str:
        """Everybody of an open group, by object id."""
        return self.named("members", group_id)

    @property
    def notes(self) -> str:
        """What grouping remembers beside groups."""
        return self.named("notes")

    @property
    def quieted(self) -> str:
        """The newest events that stayed quiet."""
        return self.named("quiet")

    def quieted_of(self, user_id: str) -> str:
        """The newest ones about one person."""
        return self.named("quiet", user_id)

    def day(self, what: str, day: str) -> str:
        """Counters ("day"), failures ("failed") or times to fix ("fixed") of a day."""
        return self.named(what, day)
