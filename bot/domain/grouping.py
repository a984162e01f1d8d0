"""Sightings become groups: one per person and cause, then one per place, policy or tenant when many fail.

Pure and repeatable: the same sightings give the same groups with the same ids, whatever was restarted in
between. A group lives for a window that starts when it opens; a failure after it is news again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.domain.alerts import (
    AlertGroup,
    Changes,
    Fingerprint,
    Fixed,
    GroupState,
    Quiet,
    Quieted,
    Scope,
    Sighting,
    StoredGroup,
    Thresholds,
)
from bot.domain.group_memory import Memory, Past, trouble_of
from bot.domain.light import MENDED_BY_PEOPLE, TRIES_BEFORE_NEWS
from bot.domain.membership import NAMES_NOBODY, LiveGroup, Person, person_of
from bot.domain.promotion import Crowds, Key, fingerprint_of, outage_key, place_key

IDS_KEPT = 20_000
_OUTAGES = (Scope.POLICY, Scope.TENANT)


class Grouping:
    """All open groups. Every blocked person is in exactly one per verdict, and in one for one trouble.

    Sign-ins of one trouble may differ in whether they name who demanded MFA; what is named wins.

    `stored` and `notes`: what earlier `changes()` gave, as it was kept.
    """

    def __init__(
        self,
        thresholds: Thresholds,
        stored: Iterable[StoredGroup] = (),
        notes: Mapping[str, str] | None = None,
    ) -> None:
        self._thresholds = thresholds
        self._memory = Memory(notes or {})
        self._crowds = Crowds()
        self._live: OrderedDict[str, LiveGroup] = OrderedDict()  # the stalest first
        self._ages: OrderedDict[str, LiveGroup] = OrderedDict()  # the oldest first
        self._homes: dict[str, dict[str, LiveGroup]] = {}  # by person, then verdict
        self._wide: dict[Key, LiveGroup] = {}
        self._by_fingerprint: dict[Fingerprint, LiveGroup] = {}
        self._taken: OrderedDict[str, None] = OrderedDict()
        self._changed: dict[str, LiveGroup] = {}
        self._quieted: dict[tuple[Quiet, str, str, str], Quieted] = {}
        self._failed: list[tuple[str, str]] = []
        self._fixed: list[Fixed] = []
        self._restore(sorted(stored, key=lambda one: (one.group.last_at, one.group.id)))

    def take(self, sighting: Sighting, now: datetime) -> None:
        """Let a failure or a registration have its effect; one that was taken before has none."""
        if sighting.id in self._taken:
            return
        self._taken[sighting.id] = None
        if len(self._taken) > IDS_KEPT:
            self._taken.popitem(last=False)
        who = person_of(sighting)
        if sighting.registered:
            self._registration(who, sighting, now)
        else:
            self._failure(who, sighting, now)

    def tick(self, now: datetime) -> None:
        """End the groups whose window has passed, and forget what was remembered long enough."""
        while self._ages:
            oldest = next(iter(self._ages.values()))
            if now < oldest.opened_at + self._thresholds.window:
                break
            self._end(oldest, oldest.opened_at + self._thresholds.window, now)
        self._memory.expire(now)

    def changes(self) -> Changes:
        """Return what has changed since the last call."""
        groups: list[AlertGroup] = []
        members = {}
        for group in self._changed.values():
            if group.state is GroupState.ABSORBED and not group.is_stored:
                continue  # nobody has heard of it
            groups.append(group.drawn())
            if group.state is GroupState.OPEN:
                members[group.id] = group.members_changed()
        changes = Changes(
            groups=tuple(groups),
            members={group_id: people for group_id, people in members.items() if people},
            deliver=tuple([group.id for group in groups]),
            quieted=tuple(self._quieted.values()),
            failed=tuple(self._failed),
            fixed=tuple(self._fixed),
            notes=self._memory.changes(),
        )
        for kept in (self._changed, self._quieted, self._failed, self._fixed):
            kept.clear()
        return changes

    def __len__(self) -> int:
        """How many groups are open."""
        return len(self._live)

    def remembered(self) -> int:
        """Return how many ids and notes are held beside the groups: bounded, whatever comes."""
        return len(self._taken) + len(self._memory)

    # What a failure does

    def _failure(self, who: str, failure: Sighting, now: datetime) -> None:
        home = self._home(who, failure.verdict, now) or self._of_one_trouble(who, failure, now)
        if home is not None and not home.can_be_named_by(failure):
            self._again(who, failure, home, now)
            return
        past = self._memory.past_of_trouble(who, failure)
        if past.has_told_of(failure):
            self._keep_quiet(
                Quiet.CURED if past.registered else Quiet.SAME_GROUP, past.group_id, failure, now
            )
        elif self._memory.has_cured(who, failure):
            self._keep_quiet(Quiet.CURED, "", failure, now)
        elif home is not None:
            self._rename(who, failure, home, now)
            self._again(who, failure, home, now)
        else:
            self._news(who, failure, now)

    def _news(self, who: str, failure: Sighting, now: datetime) -> None:
        tries: tuple[datetime, ...] = (failure.at,)
        if failure.error_code in MENDED_BY_PEOPLE:
            tries = self._memory.tries(who, failure, self._thresholds.within, now)
            if len(tries) < TRIES_BEFORE_NEWS:
                reason = MENDED_BY_PEOPLE[failure.error_code]
                self._keep_quiet(Quiet.BELOW_THRESHOLD, reason, failure, now)
                return
            self._memory.had_enough(who)
        wide = self._wider_for(failure.verdict, failure, now)
        group = wide or self._open(Fingerprint(Scope.PERSON, failure.verdict, who), failure, now)
        group.add(who, failure, len(tries), tries[0])
        self._homes.setdefault(who, {})[failure.verdict] = group
        if wide is not None:
            self._keep_quiet(Quiet.ABSORBED, wide.id, failure, now)
        self._gather(who, failure, group, now)

    def _again(self, who: str, failure: Sighting, group: LiveGroup, now: datetime) -> None:
        group.add(who, failure)
        self._keep_quiet(Quiet.SAME_GROUP, group.id, failure, now)
        scope, verdict = group.fingerprint.scope, group.fingerprint.verdict
        wide = self._wider_for(verdict, failure, now) if scope is Scope.PERSON else None
        if wide is not None:
            self._absorb(group, wide, now)
            group = wide
        self._gather(who, failure, group, now)

    def _of_one_trouble(self, who: str, failure: Sighting, now: datetime) -> LiveGroup | None:
        """Return the open group of the same trouble, when one of both does not name who demanded MFA."""
        found = [
            group
            for verdict, group in list(self._homes.get(who, {}).items())
            if NAMES_NOBODY in (verdict, failure.verdict)
            and group.people[who].met_the_error_of(failure)
            and self._still_open(group, now)
        ]
        newest = [(group.people[who].last_at, group.fingerprint.verdict, group) for group in found]
        return max(newest, key=lambda one: one[:2])[2] if newest else None

    def _rename(self, who: str, failure: Sighting, group: LiveGroup, now: datetime) -> None:
        """Let a person's group be about what this failure names; it stays the same alert, with its card."""
        before = group.fingerprint
        del self._by_fingerprint[before], self._homes[who][before.verdict]
        self._crowds.drop(who, before.verdict)
        group.be_named_by(who, failure)
        self._by_fingerprint[group.fingerprint] = group
        self._homes[who][failure.verdict] = group
        self._memory.counted_as(who, before.verdict, failure.verdict, now)

    def _gather(self, who: str, failure: Sighting, group: LiveGroup, now: datetime) -> None:
        """Count the failure, and see whether it makes many a wider event."""
        self._touch(group)
        day, person = failure.at.date().isoformat(), group.people[who]
        verdict = group.fingerprint.verdict
        if day != person.day and self._memory.is_first_of_day(who, verdict, day, now):
            self._failed.append((day, verdict))
        person.day = day
        for key in self._stand(group, person, verdict):
            is_outage = key[0] is Scope.TENANT
            least = self._thresholds.outage_at if is_outage else self._thresholds.place_at
            people = self._crowds.together(key, person.last_at, self._thresholds.within, least)
            if people:
                self._promote(key, people, failure, now)
                return

    def _keys(self, group: LiveGroup, person: Person, verdict: str) -> tuple[Key, ...]:
        """Return the crowds that somebody of a group stands in: those wider than the group itself."""
        scope = group.fingerprint.scope
        if scope in _OUTAGES or person.registered_at is not None:
            return ()
        outage = outage_key(verdict, person.app_id, person.error_code)
        if scope is Scope.PLACE or not group.newest.network:
            return (outage,)
        return (outage, place_key(verdict, group.newest.network, person.error_code))

    def _stand(self, group: LiveGroup, person: Person, verdict: str) -> tuple[Key, ...]:
        keys = self._keys(group, person, verdict)
        if keys:
            self._crowds.put(person.user_id, verdict, keys, person.last_at)
        else:
            self._crowds.drop(person.user_id, verdict)
        return keys

    # What a registration does

    def _registration(self, who: str, registration: Sighting, now: datetime) -> None:
        self._memory.note_registration(who, registration, now)
        for verdict in list(self._homes.get(who, ())):
            group = self._home(who, verdict, now)
            if group is None or not group.register(who, registration):
                continue
            person = group.people[who]
            self._touch(group)
            self._fixed.append(Fixed(verdict, person.first_at, registration.at))
            self._crowds.drop(who, verdict)
            if group.all_registered:
                self._close(group, GroupState.RESOLVED, now)
                for one in group.people.values():
                    self._is_over(group, one, one.registered_at or now, now)

    # Wider groups

    def _wider_for(self, verdict: str, failure: Sighting, now: datetime) -> LiveGroup | None:
        """Return the widest open group with this verdict that speaks for a failure of this kind."""
        keys = (
            outage_key(verdict, failure.app_id, failure.error_code),
            place_key(verdict, failure.network, failure.error_code),
        )
        for key in keys:
            group = self._wide.get(key)
            if group is not None and self._still_open(group, now):
                return group
        return None

    def _promote(self, key: Key, people: tuple[str, ...], by: Sighting, now: datetime) -> None:
        """Let one wider group speak for everybody of a key from now on."""
        verdict = key[1]
        stopped_by = [self._homes[who][verdict].people[who].policy_id for who in people]
        fingerprint = fingerprint_of(key, stopped_by)
        wide = self._by_fingerprint.get(fingerprint)
        if wide is None or not self._still_open(wide, now):
            wide = self._open(fingerprint, by, now)
        self._cover(wide, key, now)
        finer = {
            group.id: group for group in (self._homes[who][verdict] for who in self._crowds.everybody(key))
        }
        for group in finer.values():
            self._absorb(group, wide, now)
        self._touch(wide)

    def _cover(self, wide: LiveGroup, key: Key, now: datetime) -> None:
        self._wide[key] = wide
        self._memory.cover(wide.id, key, now)

    def _covered(self, wide: LiveGroup) -> Iterable[Key]:
        newest, verdict = wide.newest, wide.fingerprint.verdict
        by_newest = (
            place_key(verdict, newest.network, newest.error_code)
            if wide.fingerprint.scope is Scope.PLACE
            else outage_key(verdict, newest.app_id, newest.error_code)
        )
        return self._memory.covered(wide.id) or (by_newest,)

    def _absorb(self, finer: LiveGroup, wide: LiveGroup, now: datetime) -> None:
        verdict = finer.fingerprint.verdict
        wide.take_over(finer, now)
        self._close(finer, GroupState.ABSORBED, now)
        self._note_absorbed(finer, wide, now)
        for who, person in finer.people.items():
            self._homes.setdefault(who, {})[verdict] = wide
            self._stand(wide, person, verdict)

    def _note_absorbed(self, finer: LiveGroup, wide: LiveGroup, now: datetime) -> None:
        newest = finer.newest
        why = Quieted(
            now,
            Quiet.ABSORBED,
            wide.id,
            finer.id,
            newest.verdict,
            person_of(newest),
            newest.user_principal_name,
        )
        self._quieted[Quiet.ABSORBED, finer.id, "", ""] = why

    # Opening and closing

    def _home(self, who: str, verdict: str, now: datetime) -> LiveGroup | None:
        group = self._homes.get(who, {}).get(verdict)
        return group if group is not None and self._still_open(group, now) else None

    def _still_open(self, group: LiveGroup, now: datetime) -> bool:
        over_at = group.opened_at + self._thresholds.window
        if now < over_at:
            return True
        self._end(group, over_at, now)
        return False

    def _open(self, fingerprint: Fingerprint, by: Sighting, now: datetime) -> LiveGroup:
        group = LiveGroup.opened(fingerprint, by, now)
        self._live[group.id] = self._ages[group.id] = self._by_fingerprint[fingerprint] = group
        if len(self._live) > self._thresholds.most_groups:
            stalest = next(iter(self._live.values()))
            self._end(stalest, now, now)
        return group

    def _touch(self, group: LiveGroup) -> None:
        self._changed[group.id] = group
        if group.id in self._live:
            self._live.move_to_end(group.id)

    def _end(self, group: LiveGroup, over_at: datetime, now: datetime) -> None:
        self._close(group, GroupState.ENDED, over_at)
        for person in group.people.values():
            self._is_over(group, person, over_at, now)

    def _is_over(self, group: LiveGroup, person: Person, over_at: datetime, now: datetime) -> None:
        has_registered = group.state is GroupState.RESOLVED
        past = Past((), over_at, group.id, has_registered, trouble_of(person.error_code, person.app_id))
        self._memory.over(person.user_id, group.fingerprint.verdict, past, now)

    def _close(self, group: LiveGroup, state: GroupState, at: datetime) -> None:
        if state is not GroupState.ABSORBED:
            group.close(state, at)
        self._touch(group)
        del self._live[group.id], self._ages[group.id], self._by_fingerprint[group.fingerprint]
        if group.fingerprint.scope is not Scope.PERSON:
            for key in self._covered(group):
                self._wide.pop(key, None)
        self._memory.uncover(group.id)
        verdict = group.fingerprint.verdict
        for who in group.people:
            self._crowds.drop(who, verdict)
            homes = self._homes[who]
            del homes[verdict]
            if not homes:
                del self._homes[who]

    def _keep_quiet(self, why: Quiet, detail: str, failure: Sighting, now: datetime) -> None:
        """Say why no message comes of a failure, once per person and cause in a run."""
        who, verdict = person_of(failure), failure.verdict
        said = Quieted(now, why, detail, detail, verdict, who, failure.user_principal_name)
        self._quieted[why, detail, who, verdict] = said

    def _restore(self, stored: Iterable[StoredGroup]) -> None:
        for one in stored:
            group = LiveGroup.restored(one)
            verdict = group.fingerprint.verdict
            self._live[group.id] = self._by_fingerprint[group.fingerprint] = group
            if group.fingerprint.scope is not Scope.PERSON:
                self._wide.update(dict.fromkeys(self._covered(group), group))
            for who, person in group.people.items():
                self._homes.setdefault(who, {})[verdict] = group
                self._stand(group, person, verdict)
        by_age = sorted(self._live.values(), key=lambda group: (group.opened_at, group.id))
        self._ages.update((group.id, group) for group in by_age)
