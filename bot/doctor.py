"""`psso-bot doctor`: which checks to make for these settings, and how to print what they found."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial

import aiohttp
from rich.console import Console
from rich.text import Text
from slack_sdk.web.async_client import AsyncWebClient

from bot import app
from bot.adapters.client_proof import ClientProof, client_proof
from bot.adapters.graph.audits import GraphDirectoryAudits
from bot.adapters.graph.budget import LocalBudget
from bot.adapters.graph.privileges import GraphPrivileges
from bot.adapters.slack.client import slack_client, slack_session, translated
from bot.adapters.slack.workspace import SlackWorkspace, installation
from bot.adapters.step_up import EntraSignInPage, SignInSite, sign_in_session
from bot.adapters.store.inspection import StoreFacts, inspect_store
from bot.doctor_alerts import alert_channels, alert_findings
from bot.doctor_stream import stream_findings
from bot.errors import BotError, SettingsError, SlackError
from bot.render.failure import in_words
from bot.render.manifest import SCOPES
from bot.settings import Settings
from bot.usecases.examine import (
    Attempt,
    Finding,
    Grade,
    approval_attempts,
    clock_finding,
    examine,
    graph_attempts,
    step_up_findings,
)

MARKS = {Grade.OK: ("✓", "green"), Grade.WARNING: ("!", "yellow"), Grade.FAILED: ("✗", "red")}


async def findings_for(settings: Settings) -> list[Finding]:
    """Make every check that these settings allow."""
    return [
        *_settings(settings),
        *await _slack(settings),
        *await _graph(settings),
        *await _store(settings),
        *alert_findings(settings),
        *await stream_findings(settings),
        *await _step_up(settings),
    ]


def print_findings(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print one line a check, with the fix under those that did not pass."""
    out = Console(highlight=False, emoji=False, soft_wrap=True)
    for finding in findings:
        if as_json:
            line = {"check": finding.check, "result": finding.grade, "seen": finding.seen, "fix": finding.fix}
            out.print(json.dumps(line, ensure_ascii=False), markup=False)
            continue
        mark, colour = MARKS[finding.grade]
        out.print(
            Text.assemble(
                (f"{mark} {finding.grade:<8}", colour), (finding.check, "bold"), f"  {finding.seen}"
            )
        )
        if finding.fix and finding.grade is not Grade.OK:
            out.print(Text(f"           → {finding.fix}"))


def _settings(settings: Settings) -> list[Finding]:
    found = []
    try:
        settings.require_serve()
    except SettingsError as error:
        found.append(
            Finding("Settings", Grade.FAILED, in_words(error), f"Set {error.key}; docs/setup.md says how.")
        )
    else:
        found.append(Finding("Settings", Grade.OK, "Everything that serve needs is set."))
    if not settings.graph_url and not settings.psso_writer_client_id:
        found.append(
            Finding(
                "Writer identity",
                Grade.WARNING,
                "The reader's identity is also the one that changes per-user MFA.",
                "Give the write permission to an app registration of its own: PSSO_WRITER_CLIENT_ID.",
            )
        )
    people = [name for name in settings.psso_approvers if not name.startswith("S")]
    if len(people) == len(settings.psso_approvers) and 0 < len(people) < 3:
        found.append(
            Finding(
                "Approvers",
                Grade.WARNING,
                f"Only {len(people)} named; some requests need two approvers, neither of them the requester.",
                "Name at least three people or a user group in PSSO_APPROVERS.",
            )
        )
    return found


async def _slack(settings: Settings) -> list[Finding]:
    if not settings.slack_bot_token:
        return []
    async with slack_session(settings.slack_api_url) as session:
        client = slack_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, session)
        token = Attempt(
            "Slack: bot token",
            lambda: _who(client),
            "Copy the Bot User OAuth Token (xoxb-…) of the installed app to SLACK_BOT_TOKEN.",
        )
        found = list(await examine((token,)))
        if found[0].failed:
            return found
        workspace = await SlackWorkspace.opened(client, app.utc_now)
        found += await examine((*_slack_attempts(settings, client), *_channels(settings, workspace)))
        found.append(clock_finding(app.utc_now(), await _slack_time(session, settings.slack_api_url)))
        return found


def _slack_attempts(settings: Settings, client: AsyncWebClient) -> list[Attempt]:
    attempts = [
        Attempt(
            "Slack: scopes",
            lambda: _scopes(client),
            "Update the app from `psso-bot manifest` and install it to the workspace again.",
        )
    ]
    if settings.slack_app_token:
        token = settings.slack_app_token.get_secret_value()
        attempts.append(
            Attempt(
                "Slack: Socket Mode",
                lambda: _socket(client, token),
                "Generate an app-level token with connections:write, and set SLACK_APP_TOKEN to it.",
            )
        )
    return attempts


def _channels(settings: Settings, workspace: SlackWorkspace) -> list[Attempt]:
    named = {
        "PSSO_APPROVAL_CHANNEL": settings.psso_approval_channel,
        "PSSO_ALERT_CHANNEL": settings.psso_alert_channel,
        "PSSO_AUDIT_CHANNEL": settings.psso_audit_channel,
        **alert_channels(settings),
    }
    return [
        Attempt(
            f"Slack: {key}",
            partial(_channel, workspace, channel),
            f"Invite the bot there (/invite @psso), or correct {key}; outsiders must not share the channel.",
        )
        for key, channel in named.items()
        if channel
    ]


async def _who(client: AsyncWebClient) -> str:
    who = await installation(client)
    return f"Works, in workspace {who.team or who.team_id}."


async def _scopes(client: AsyncWebClient) -> str:
    with translated("auth.test"):
        answer = await client.auth_test()
    headers = {str(name).lower(): value for name, value in dict(answer.headers or {}).items()}
    granted = {scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(",")}
    missing = sorted(set(SCOPES) - granted)
    if missing:
        raise SlackError("auth.test", "missing scopes: " + ", ".join(missing))
    return "All granted."


async def _socket(client: AsyncWebClient, token: str) -> str:
    with translated("apps.connections.open"):
        await client.apps_connections_open(app_token=token)
    return "Slack accepts the app-level token."


async def _channel(workspace: SlackWorkspace, channel_id: str) -> str:
    channel = await workspace.channel(channel_id)
    if channel.is_external:
        raise SlackError("conversations.info", f"#{channel.name} is shared with another organisation")
    if channel.is_archived:
        raise SlackError("conversations.info", f"#{channel.name} is archived")
    if not channel.has_bot:
        raise SlackError("conversations.info", f"the bot is not in #{channel.name}")
    return f"#{channel.name} is there and not shared outside."


async def _slack_time(session: aiohttp.ClientSession, api_url: str) -> datetime | None:
    try:
        async with session.post(f"{api_url.rstrip('/')}/api.test") as answer:
            date = answer.headers.get("Date")
    except (aiohttp.ClientError, TimeoutError):
        return None
    return parsedate_to_datetime(date) if date else None


async def _graph(settings: Settings) -> list[Finding]:
    try:
        settings.require_graph()
    except SettingsError:
        return []
    try:
        async with app.reading(settings) as services:
            found = await examine(graph_attempts(services))
        budget = LocalBudget(settings.psso_graph_reports_per_10s, time.monotonic, asyncio.sleep)
        async with app.graph_of(settings, budget) as graph:
            ports = GraphPrivileges(graph), GraphDirectoryAudits(graph)
            return [*found, *await examine(approval_attempts(*ports, app.utc_now()))]
    except BotError as error:
        return [Finding("Microsoft Graph", Grade.FAILED, in_words(error), "Check AZURE_* and PSSO_CLOUD.")]


async def _store(settings: Settings) -> list[Finding]:
    try:
        async with AsyncExitStack() as stack:
            link = await stack.enter_async_context(app.store_of(settings))
            await link.actions.command("PING")
            kind = "REDIS_URL" if settings.redis_url else "an embedded Valkey"
            store = store_finding(kind, await inspect_store(link.actions))
            journal = app.journal_of(settings, link)
            await journal.check()
    except BotError as error:
        fix = "Check REDIS_URL, or that PSSO_STATE_DIR is writable and its disk is not full."
        return [Finding("Store and journal", Grade.FAILED, in_words(error), fix)]
    return [store, Finding("Journal", Grade.OK, "Can be written.")]


def store_finding(kind: str, facts: StoreFacts) -> Finding:
    """Warn of a store that answers, but may lose what it is given."""
    if facts.evicts_by:
        seen = f"Throws keys away when its memory is full (maxmemory-policy {facts.evicts_by})."
        fix = "Set its maxmemory-policy to noeviction, or requests and alerts can vanish."
        return Finding("Store", Grade.WARNING, seen, fix)
    if facts.is_old:
        return Finding("Store", Grade.WARNING, f"Is of version {facts.version}.", "Use Redis 7.0 or later.")
    return Finding("Store", Grade.OK, f"Answers ({kind}).")


async def _step_up(settings: Settings) -> list[Finding]:
    """Look at the approvers' sign-in, where it is asked for."""
    if not settings.psso_step_up:
        return []
    try:
        settings.require_step_up()
        proof, site = client_proof(app.app_identity(settings)), app.sign_in_site(settings)
        async with sign_in_session(site.login) as session:
            page = EntraSignInPage(site, proof, session, app.utc_now)
            found = await examine(_step_up_attempts(site, proof, page))
    except SettingsError as error:
        fix = f"Set {error.key}; docs/step-up.md says how."
        return [Finding("Step-up: settings", Grade.FAILED, in_words(error), fix)]
    public_url = settings.psso_public_url or ""
    return [*step_up_findings(public_url, site.redirect_uri, site.context), *found]


def _step_up_attempts(site: SignInSite, proof: ClientProof, page: EntraSignInPage) -> tuple[Attempt, ...]:
    return (
        Attempt(
            "Step-up: credential",
            lambda: _proof_made(proof, site.login),
            "Make the file that AZURE_FEDERATED_TOKEN_FILE names readable for the bot.",
        ),
        Attempt(
            "Step-up: Entra's sign-in pages",
            lambda: _issuer(page),
            f"Check AZURE_TENANT_ID and PSSO_CLOUD, and that {site.login} can be reached (HTTPS_PROXY).",
        ),
    )


async def _proof_made(proof: ClientProof, login: str) -> str:
    await asyncio.to_thread(proof.fields, login, app.utc_now())
    return "Is there; whether Entra takes it shows at the first sign-in."


async def _issuer(page: EntraSignInPage) -> str:
    return f"Answer, for {await page.issuer()}."
