"""The composition root: settings become adapters, adapters become services, services become a running bot."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from bot.adapters.graph.budget import LocalBudget
from bot.adapters.graph.credentials import CLOUDS, Access, AppIdentity, FixedToken, Identity
from bot.adapters.graph.gateway import Gateway, connect
from bot.domain.alerts import Thresholds
from bot.domain.hours import open_hours, weekly_time
from bot.domain.routes import alert_routes
from bot.ports import Budget, Desk, MfaSweep, Rules, Services, Sweeps
from bot.settings import Settings

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.adapters.audit.journal import FileJournal
    from bot.adapters.slack.workspace import SlackWorkspace
    from bot.adapters.step_up import SignInSite
    from bot.adapters.store.budget import RedisBudget
    from bot.adapters.store.connection import Link
    from bot.alerting import Watch

ANSWER_WITHIN = timedelta(seconds=20)


def utc_now() -> datetime:
    """The clock of production."""
    return datetime.now(UTC)  # noqa: TID251 -- the one place that asks the machine


def new_id() -> str:
    """An opaque id: 32 hexadecimal characters."""
    return uuid.uuid4().hex


def rules_of(settings: Settings) -> Rules:
    """Return the settings that use cases judge by."""
    return Rules(
        tenant=settings.tenant,
        approval_channel=settings.psso_approval_channel or "",
        helpdesk=frozenset(settings.psso_helpdesk),
        approvers=frozenset(settings.psso_approvers),
        pins=settings.psso_pins,
        break_glass=frozenset(name.lower() for name in settings.psso_break_glass),
        lookback=settings.lookback,
        request_lifetime=timedelta(minutes=settings.psso_approval_minutes),
        vote_no_sooner=timedelta(seconds=settings.psso_approval_seconds_min),
        readback_within=timedelta(seconds=settings.psso_readback_seconds),
        answer_within=ANSWER_WITHIN,
        follow_for=timedelta(minutes=settings.psso_follow_minutes),
        most_disables_per_hour=settings.psso_max_disables_per_hour,
        hours=open_hours(settings.psso_hours) if settings.psso_hours else None,
        audit_channel=settings.psso_audit_channel or "",
        step_up=settings.psso_step_up,
        step_up_context=settings.psso_step_up_context,
        public_url=(settings.psso_public_url or "").rstrip("/"),
        uncovered=settings.psso_uncovered,
        language=settings.psso_language,
        alert_channel=settings.psso_alert_channel or "",
        alert_routes=alert_routes(settings.psso_alert_routes or ""),
        alert_hours=open_hours(settings.psso_alert_hours) if settings.psso_alert_hours else None,
        alert_thresholds=Thresholds(
            place_at=settings.psso_alert_place_at,
            outage_at=max(settings.psso_alert_place_at, settings.psso_alert_outage_at),
        ),
        poll_every=timedelta(seconds=settings.psso_poll_seconds),
        shadow=settings.psso_shadow,
        digest_at=weekly_time(settings.psso_digest) if settings.psso_digest else None,
    )


@asynccontextmanager
async def graph_of(settings: Settings, budget: Budget) -> AsyncIterator[Gateway]:
    """Open Microsoft Graph as the settings say."""
    access = Access(
        root=settings.graph_url or CLOUDS[settings.psso_cloud].graph,
        reader=_identity(settings),
        writer=_writer(settings),
        timeout=settings.psso_graph_timeout_seconds,
    )
    async with connect(access, budget=budget, now=utc_now, pause=asyncio.sleep, new_id=new_id) as gateway:
        yield gateway


def _identity(settings: Settings) -> Identity:
    if settings.graph_url and settings.graph_token:
        return FixedToken(settings.graph_token.get_secret_value())
    return app_identity(settings)


def app_identity(settings: Settings) -> AppIdentity:
    """Return the reader's app registration."""
    secret = settings.azure_client_secret
    return AppIdentity(
        tenant_id=settings.tenant,
        client_id=settings.azure_client_id,
        client_secret=secret.get_secret_value() if secret else None,
        certificate_path=settings.azure_client_certificate_path,
        federated_token_file=settings.azure_federated_token_file,
        cloud=settings.psso_cloud,
    )


def _writer(settings: Settings) -> Identity | None:
    if settings.graph_url or not settings.psso_writer_client_id:
        return None
    secret = settings.psso_writer_client_secret
    return AppIdentity(
        tenant_id=settings.psso_writer_tenant_id or settings.tenant,
        client_id=settings.psso_writer_client_id,
        client_secret=secret.get_secret_value() if secret else None,
        certificate_path=settings.psso_writer_client_certificate_path,
        federated_token_file=settings.psso_writer_federated_token_file,
        cloud=settings.psso_cloud,
        prefix="PSSO_WRITER",
    )


def graph_ports(graph: Gateway, settings: Settings) -> dict[str, Any]:
    """Return what every use case needs: Graph's ports, the clock and the rules."""
    from bot.adapters.graph.directory import GraphDirectory
    from bot.adapters.graph.mfa_states import GraphMfaStates
    from bot.adapters.graph.policies import GraphPolicies
    from bot.adapters.graph.sign_ins import GraphSignInLog

    return {
        "now": utc_now,
        "pause": asyncio.sleep,
        "new_id": new_id,
        "rules": rules_of(settings),
        "directory": GraphDirectory(graph),
        "mfa_states": GraphMfaStates(graph),
        "sign_in_log": GraphSignInLog(graph),
        "policies": GraphPolicies(graph, utc_now),
    }


@asynccontextmanager
async def store_of(settings: Settings) -> AsyncIterator[Link]:
    """Open the configured store, or the embedded one under the state directory."""
    from bot.adapters.store.connection import store_link
    from bot.adapters.store.embedded import embedded_store

    async with AsyncExitStack() as stack:
        if settings.redis_url:
            url = settings.redis_url.get_secret_value()
        else:
            url = await stack.enter_async_context(embedded_store(settings.psso_state_dir))
        yield await stack.enter_async_context(store_link(url))


def has_store(settings: Settings) -> bool:
    """Tell whether there is a store to ask. A question from the terminal does not found one."""
    return settings.redis_url is not None or (settings.psso_state_dir / "store").is_dir()


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Services]:
    """Open what `why` needs at a terminal: Graph, and the store where there is one already."""
    async with AsyncExitStack() as stack:
        if not has_store(settings):
            from bot.usecases.why import NoChanges

            budget = LocalBudget(settings.psso_graph_reports_per_10s, time.monotonic, asyncio.sleep)
            graph = await stack.enter_async_context(graph_of(settings, budget))
            yield Services(**graph_ports(graph, settings), change_log=NoChanges())
            return
        from bot.adapters.store.change_log import RedisChangeLog

        link = await stack.enter_async_context(store_of(settings))
        graph = await stack.enter_async_context(graph_of(settings, shared_budget(link, settings)))
        change_log = RedisChangeLog(link.actions, settings.tenant)
        yield Services(**graph_ports(graph, settings), change_log=change_log)


@asynccontextmanager
async def sweeping(settings: Settings) -> AsyncIterator[MfaSweep]:
    """Open what `sweep` needs at a terminal: Graph alone, since it makes none of the scarce calls."""
    from bot.adapters.graph.sweep import GraphMfaSweep

    budget = LocalBudget(settings.psso_graph_reports_per_10s, time.monotonic, asyncio.sleep)
    async with graph_of(settings, budget) as graph:
        yield GraphMfaSweep(graph)


@asynccontextmanager
async def shared_sweeps(graph: Gateway) -> AsyncIterator[Sweeps]:
    """Open the sweeps of the running bot; one that goes on at the end is given up."""
    from bot.adapters.graph.sweep import GraphMfaSweep
    from bot.usecases.sweep import SharedSweeps

    sweeps = SharedSweeps(GraphMfaSweep(graph), utc_now)
    try:
        yield sweeps
    finally:
        await sweeps.close()


def shared_budget(link: Link, settings: Settings) -> RedisBudget:
    """Return the allowance that all replicas share."""
    from bot.adapters.store.budget import RedisBudget

    return RedisBudget(
        link.actions,
        settings.tenant,
        monotonic=time.monotonic,
        pause=asyncio.sleep,
        new_id=new_id,
        reports_per_10s=settings.psso_graph_reports_per_10s,
    )


def journal_of(settings: Settings, link: Link | None = None) -> FileJournal:
    """Return the journal of the state directory, with its copy in the store."""
    from bot.adapters.audit.journal import FileJournal
    from bot.adapters.audit.keys import install_key
    from bot.adapters.store.journal_copy import JournalCopy

    digest = config_hash(settings)
    return FileJournal(
        settings.psso_state_dir,
        install_key(settings.psso_state_dir),
        utc_now,
        config_hash=lambda: digest,
        copy=JournalCopy(link.actions, settings.tenant) if link else None,
    )


def config_hash(settings: Settings) -> str:
    """Name the settings in force without showing them: every record says under which rules it was made."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:16]


def sign_in_site(settings: Settings) -> SignInSite:
    """Return where approvers sign in, and where Entra sends them back to; `require_step_up` ran before."""
    from bot.adapters.step_up import SignInSite
    from bot.usecases.step_up import PATH

    assert settings.azure_client_id is not None
    return SignInSite(
        login=(settings.psso_login_url or CLOUDS[settings.psso_cloud].login).rstrip("/"),
        tenant=settings.tenant,
        client_id=settings.azure_client_id,
        redirect_uri=f"{(settings.psso_public_url or '').rstrip('/')}{PATH}/callback",
        context=settings.psso_step_up_context,
    )


@asynccontextmanager
async def step_up_ports(settings: Settings, link: Link) -> AsyncIterator[dict[str, Any]]:
    """Open what approvers' sign-ins need, where they are asked for."""
    if not settings.psso_step_up:
        yield {}
        return
    from bot.adapters.audit.keys import install_key
    from bot.adapters.client_proof import client_proof
    from bot.adapters.step_up import EntraSignInPage, sign_in_session
    from bot.adapters.store.tickets import RedisTickets

    site = sign_in_site(settings)
    proof = client_proof(app_identity(settings))
    async with sign_in_session(site.login) as session:
        yield {
            "tickets": RedisTickets(
                link.actions, settings.tenant, install_key(settings.psso_state_dir), new_id
            ),
            "approver_sign_in": EntraSignInPage(site, proof, session, utc_now),
        }


def fingerprints(settings: Settings) -> dict[str, str]:
    """Return a keyed hash of every setting that is not at its default, by the setting's name."""
    from bot.adapters.audit.keys import install_key, subkey

    key = subkey(install_key(settings.psso_state_dir), "settings")
    found = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if value != field.get_default(call_default_factory=True):
            text = value.get_secret_value() if isinstance(value, SecretStr) else repr(value)
            found[name.upper()] = hmac.digest(key, f"{name}={text}".encode(), "sha256").hex()[:12]
    return found


@dataclass(frozen=True, slots=True)
class Running:
    """The desk, and the parts of it that start, stop and report health."""

    desk: Desk
    client: AsyncWebClient
    workspace: SlackWorkspace
    journal: FileJournal
    link: Link
    watch: Watch


def store_ports(link: Link, settings: Settings) -> dict[str, Any]:
    """Return what the running bot keeps in the store."""
    from bot.adapters.audit.keys import install_key
    from bot.adapters.store.answers import RedisAnswers
    from bot.adapters.store.change_log import RedisChangeLog
    from bot.adapters.store.limits import RedisLimits
    from bot.adapters.store.requests import RedisRequests
    from bot.adapters.store.schedule import RedisSchedule
    from bot.adapters.store.streams import RedisInbox, outbox_for_delivery, outbox_for_execution
    from bot.adapters.store.switches import RedisSwitches

    tenant, key = settings.tenant, install_key(settings.psso_state_dir)
    return {
        "answers": RedisAnswers(link.actions, tenant),
        "change_log": RedisChangeLog(link.actions, tenant),
        "requests": RedisRequests(link.actions, tenant, key, new_id),
        "inbox": RedisInbox(link.actions, link.background, tenant, new_id),
        "outbox": outbox_for_delivery(link.background, tenant),
        "approved": outbox_for_execution(link.background, tenant),
        "schedule": RedisSchedule(link.background, tenant),
        "limits": RedisLimits(link.actions, tenant),
        "switches": RedisSwitches(link.actions, tenant, key, settings.psso_state_dir),
    }


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Running]:
    """Open everything the running bot needs, in order, and close it in reverse."""
    from prometheus_client import CollectorRegistry

    from bot.adapters.graph.audits import GraphDirectoryAudits
    from bot.adapters.graph.privileges import GraphPrivileges
    from bot.adapters.slack.client import slack_client, slack_session
    from bot.adapters.slack.poster import SlackAnnouncer
    from bot.adapters.slack.workspace import SlackWorkspace
    from bot.alerting import Sources, alert_ports, new_watch

    assert settings.slack_bot_token is not None  # settings.require_serve() ran
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(store_of(settings))
        await link.actions.command("PING")  # no store, no start: whoever supervises us tries again
        budget = shared_budget(link, settings)
        graph = await stack.enter_async_context(graph_of(settings, budget))
        session = await stack.enter_async_context(slack_session(settings.slack_api_url))
        client = slack_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, session)
        workspace = await SlackWorkspace.opened(client, utc_now)
        journal = journal_of(settings, link)
        await journal.check()
        sources = Sources(graph, link, client, workspace, app_identity(settings), utc_now, new_id)
        watch = new_watch(settings, CollectorRegistry(), utc_now)
        desk = Desk(
            **graph_ports(graph, settings),
            **store_ports(link, settings),
            journal=journal,
            privileges=GraphPrivileges(graph),
            directory_audits=GraphDirectoryAudits(graph),
            workspace=workspace,
            budget_gauge=budget,
            sweeps=await stack.enter_async_context(shared_sweeps(graph)),
            announcer=SlackAnnouncer(
                client,
                workspace,
                settings.psso_approval_channel or "",
                utc_now,
                language=settings.psso_language,
            ),
            **await stack.enter_async_context(step_up_ports(settings, link)),
            **await stack.enter_async_context(alert_ports(settings, sources, watch)),
        )
        yield Running(desk, client, workspace, journal, link, watch)
