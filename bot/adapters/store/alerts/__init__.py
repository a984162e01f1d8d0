"""What alerting keeps in the store: one tenant's keys, all under `alerts:` and `lease:`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bot.adapters.store.alerts.groups import RedisAlertGroups
from bot.adapters.store.alerts.intake import RedisIntake
from bot.adapters.store.alerts.keys import AlertKeys
from bot.adapters.store.alerts.leases import RedisLeases
from bot.adapters.store.alerts.ledger import RedisAlertLedger
from bot.adapters.store.alerts.messages import RedisAlertMessages
from bot.adapters.store.alerts.pace import RedisPace
from bot.adapters.store.alerts.poll_marks import RedisPollMarks
from bot.adapters.store.alerts.silences import RedisSilences
from bot.adapters.store.connection import Link
from bot.adapters.store.streams import StreamQueue
from bot.ports import Clock

ABANDONED_AFTER = timedelta(seconds=20)
"""A look at a group takes a few seconds, and its claim keeps a second worker from posting meanwhile."""


def alert_store(link: Link, tenant: str, *, now: Clock, new_id: Callable[[], str]) -> dict[str, Any]:
    """Return the ports of `bot.alert_ports.Alerts` that live in the store, by their names there."""
    return {
        "leases": RedisLeases(link.actions, tenant),
        "intake": RedisIntake(link.background, tenant, now),
        "groups": RedisAlertGroups(link.actions, link.background, tenant),
        "messages": RedisAlertMessages(link.actions, tenant),
        "silences": RedisSilences(link.actions, tenant, now, new_id),
        "ledger": RedisAlertLedger(link.actions, link.background, tenant, new_id),
        "poll_marks": RedisPollMarks(link.background, tenant),
        "pace": RedisPace(link.background, tenant),
    }


def outbox_of(link: Link, tenant: str) -> StreamQueue:
    """Groups whose message is to be posted or brought up to date: kind "alert", body {group_id}."""
    return StreamQueue(link.background, AlertKeys(tenant).outbox, "deliver", abandoned_after=ABANDONED_AFTER)
