"""Approvers with a browser: the bot's pages and the sandbox's Entra, both over HTTP."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
from aiohttp import web

from bot.adapters.client_proof import Secret
from bot.adapters.step_up import EntraSignInPage, SignInSite, sign_in_session
from bot.domain.people import ObjectId, User
from bot.errors import NeedsStepUp
from bot.usecases.decide import Click, approve
from bot.usecases.step_up import PATH, start_step_up
from handlers.step_up import step_up_pages
from sandbox.entra import EntraSandbox
from sandbox.entra.sign_in_pages import CLIENT_SECRET
from tests.fakes import (
    APPROVER,
    APPROVER_2,
    BYSTANDER,
    HELPDESK,
    TARGET,
    FakeClock,
    FakeDesk,
    FakeDirectory,
    FakeTickets,
    FakeWorkspace,
    a_desk,
    a_slack_person,
    some_rules,
)
from tests.usecases.requests import a_click

IN_ENTRA = {
    APPROVER.id: "otto.falk@contoso.com",
    APPROVER_2.id: "mira.sand@contoso.com",
    BYSTANDER.id: "nils.ek@contoso.com",
    HELPDESK.id: "hana.berg@contoso.com",
    TARGET.id: "ada.lind@contoso.com",
}
"""Who of the sandbox's cast stands behind each person of the fakes."""


@dataclass
class Page:
    """What a browser got."""

    status: int
    headers: Any
    text: str
    url: str

    @property
    def words(self) -> str:
        return unescape(re.sub(r"<[^>]+>", " ", self.text))


@dataclass
class Browser:
    """Follows links by hand and keeps cookies, as one person's browser does."""

    session: aiohttp.ClientSession

    async def get(self, url: str, **options: Any) -> Page:
        async with self.session.get(url, allow_redirects=False, **options) as response:
            return Page(response.status, response.headers, await response.text(), url)

    async def to_entra(self, link: str) -> str:
        """Open a link, press its button, and return the address at Entra."""
        page = await self.get(link)
        assert page.status == 200, page.words
        found = re.search(r'href="([^"]+)"', page.text)
        assert found is not None
        return location(await self.get(urljoin(link, unescape(found[1]))))

    async def back_from(self, authorize: str, who: str) -> str:
        """Sign in at Entra as `who`; return where Entra sends the browser."""
        return location(await self.get(f"{authorize}&as={who}"))

    async def follow(self, link: str, who: str) -> Page:
        """Do everything: the page, Entra, and back."""
        return await self.get(await self.back_from(await self.to_entra(link), who))


def location(page: Page) -> str:
    assert page.status == 302, page.words
    return str(page.headers["Location"])


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@dataclass
class World:
    """The desk behind the pages, Entra, and a browser."""

    desk: FakeDesk
    entra: EntraSandbox
    browser: Browser
    clicks: Any = field(default_factory=lambda: count(1))

    def upn(self, user: User) -> str:
        return IN_ENTRA[user.id]

    def click(self, user: User = APPROVER, **changes: Any) -> Click:
        return a_click(self.desk, user, op_id=f"click-{next(self.clicks)}", **changes)

    async def link(self, user: User = APPROVER) -> str:
        """Click Approve and return the link that the bot answers with."""
        click = self.click(user)
        try:
            await approve(click, self.desk)
        except NeedsStepUp:
            return await start_step_up(click, self.desk)
        raise AssertionError("no sign-in was asked for")

    async def bend(self, **claims: Any) -> None:
        """Let the next id_token say something else."""
        self.entra.pages.bent = claims

    @property
    def votes(self) -> list[ObjectId]:
        return [vote.person.object_id for vote in self.desk.requests.records["req-1"].votes]

    @property
    def refusals(self) -> list[str]:
        return [entry.detail["because"] for entry in self.desk.journal.entries if entry.kind == "refused"]


@asynccontextmanager
async def a_world(context: str = "") -> AsyncIterator[World]:
    """Serve the pages and Entra until the block ends; everybody's clock is the same."""
    clock = FakeClock()
    listening = socket.create_server(("127.0.0.1", 0))
    public_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with EntraSandbox(now=clock) as entra, aiohttp.ClientSession(cookie_jar=_jar()) as session:
        site = SignInSite(
            entra.url,
            entra.tenant.id,
            entra.tenant.app.app_id,
            f"{public_url}{PATH}/callback",
            context,
        )
        async with sign_in_session(entra.url) as to_entra:
            desk = _desk(clock, entra, public_url, context)
            page = EntraSignInPage(site, Secret(CLIENT_SECRET), to_entra, clock)
            desk = replace(desk, approver_sign_in=page)
            runner = await _serving(desk, listening)
            yield World(desk, entra, Browser(session))
            await runner.cleanup()


def _jar() -> aiohttp.CookieJar:
    return aiohttp.CookieJar(unsafe=True)  # "unsafe" are cookies of addresses without a name


async def _serving(desk: FakeDesk, listening: socket.socket) -> web.AppRunner:
    site = web.Application()
    site.add_subapp(PATH, step_up_pages(desk))
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    return runner


def _desk(clock: FakeClock, entra: EntraSandbox, public_url: str, context: str) -> FakeDesk:
    users = [_as_in_entra(user, entra) for user in (APPROVER, APPROVER_2, BYSTANDER, HELPDESK, TARGET)]
    people = {person.id: person for person in map(a_slack_person, users)}
    rules = some_rules(tenant=entra.tenant.id, step_up=True, public_url=public_url, step_up_context=context)
    return a_desk(
        clock=clock,
        directory=FakeDirectory(users=users),
        workspace=FakeWorkspace(people=people),
        rules=rules,
        tickets=FakeTickets(now=clock),
    )


def _as_in_entra(user: User, entra: EntraSandbox) -> User:
    """The fakes' person with the sandbox's name and object id."""
    found = entra.tenant.person(IN_ENTRA[user.id])
    assert found is not None
    return replace(user, id=ObjectId(found.id), user_principal_name=found.upn, mail=found.upn)
