"""Alerting, composed: what the watcher asks for, the workers that watch, and how it says it is well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from bot.adapters.alert_metrics import AlertMetrics
from bot.adapters.poll_metrics import PollMetrics
from bot.adapters.stream_metrics import StreamMetrics
from bot.alert_ports import Alerts, SignInStream
from bot.domain.poll_health import PollHealth
from bot.domain.stream_health import StreamHealth
from bot.ports import Clock, Desk
from bot.render.alert_trouble import channel_trouble
from bot.settings import Settings
from bot.usecases import deliver_alerts
from bot.usecases.alert_health import KEPT, channels_in_trouble
from bot.usecases.group_alerts import group_alerts
from bot.usecases.policy_changes import RememberedChanges
from bot.usecases.poll_sign_ins import poll_sign_ins
from bot.usecases.shadow_report import begin_shadow
from bot.usecases.stream_sign_ins import stream_sign_ins
from bot.usecases.weekly_digest import begin_digests
from bot.usecases.workers import work_off

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.adapters.graph.credentials import AppIdentity
    from bot.adapters.graph.gateway import Gateway
    from bot.adapters.store.connection import Link
    from bot.ports import Workspace

DELIVERIES_AT_ONCE = 32


@dataclass
class Watch:
    """How watching goes, for /metrics and for people."""

    registry: CollectorRegistry
    counters: AlertMetrics
    poll: PollHealth = field(default_factory=PollHealth)
    stream: StreamHealth = field(default_factory=StreamHealth)


@dataclass(frozen=True, slots=True)
class Sources:
    """What alerting is made from."""

    graph: Gateway
    link: Link
    client: AsyncWebClient
    workspace: Workspace
    reader: AppIdentity
    now: Clock
    new_id: Callable[[], str]


def watches(settings: Settings) -> bool:
    """Whether there is anywhere to post to, or an order to only record."""
    return bool(settings.psso_alert_channel or settings.psso_alert_routes or settings.psso_shadow)


def new_watch(settings: Settings, registry: CollectorRegistry, now: Clock) -> Watch:
    """Make the figures of a watcher, shown where `registry` is served."""
    watch = Watch(registry, AlertMetrics(registry, now))
    if watches(settings) and settings.psso_poll_seconds:
        PollMetrics(watch.poll, now).register_in(registry)
    if watches(settings) and settings.event_hub:
        StreamMetrics(watch.stream).register_in(registry)
    return watch


@asynccontextmanager
async def alert_ports(settings: Settings, sources: Sources, watch: Watch) -> AsyncIterator[dict[str, Any]]:
    """Yield the Desk's `alerts` and `alert_outbox`; nothing when nothing is to be watched."""
    if not watches(settings):
        yield {}
        return
    from bot.adapters import chart
    from bot.adapters.graph.feed import GraphSignInFeed
    from bot.adapters.graph.policy_audits import GraphPolicyAudits
    from bot.adapters.slack.alert_board import SlackAlertBoard
    from bot.adapters.slack.reports import SlackReports
    from bot.adapters.store.alerts import alert_store, outbox_of

    board = SlackAlertBoard(sources.client, sources.workspace, language=settings.psso_language)
    async with sign_in_stream(settings, sources) as stream:
        alerts = Alerts(
            **alert_store(sources.link, settings.tenant, now=sources.now, new_id=sources.new_id),
            board=board,
            reports=SlackReports(
                sources.client, sources.workspace, board, chart.draw, language=settings.psso_language
            ),
            policy_audits=RememberedChanges(GraphPolicyAudits(sources.graph), sources.now),
            feed=GraphSignInFeed(sources.graph) if settings.psso_poll_seconds else None,
            stream=stream,
            counters=watch.counters,
            poll_health=watch.poll,
            stream_health=watch.stream,
        )
        yield {"alerts": alerts, "alert_outbox": outbox_of(sources.link, settings.tenant)}


@asynccontextmanager
async def sign_in_stream(settings: Settings, sources: Sources) -> AsyncIterator[SignInStream | None]:
    """Open the stream that the settings name."""
    hub = settings.event_hub
    if hub is None:
        yield None
        return
    from bot.adapters.stream.wiring import event_hub_stream

    async with event_hub_stream(hub, sources.reader, sources.now) as stream:
        yield stream


async def begin(desk: Desk) -> None:
    """Schedule what comes by the calendar: the weekly digest, or the report of shadow mode."""
    if desk.alerts is not None:
        await begin_digests(desk)
        await begin_shadow(desk)


def workers(
    desk: Desk, watch: Watch, name: str, stop: asyncio.Event
) -> tuple[Coroutine[Any, Any, None], ...]:
    """Return what watches, groups and posts, until `stop`; nothing when nothing is watched."""
    if desk.alerts is None or desk.alert_outbox is None:
        return ()
    deliver = partial(deliver_alerts.carry_out, desk=desk)
    return (
        poll_sign_ins(desk, name, stop, watch.poll),
        stream_sign_ins(desk, stop, watch.stream),
        group_alerts(desk, name, stop),
        work_off(desk.alert_outbox, name, deliver, stop=stop, pause=desk.pause, at_once=DELIVERIES_AT_ONCE),
    )


async def channels_said(desk: Desk, watch: Watch) -> str | None:
    """Say which alert channels take no message and what to do, or None; for /readyz."""
    if desk.alerts is None:
        return None
    counters = watch.counters
    found = await channels_in_trouble(desk, counters.failing, counters.refused_within(KEPT))
    return channel_trouble(found) or None
