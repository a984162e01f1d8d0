"""`doctor` about the store, and about the approvers' sign-in against the sandbox's Entra over HTTP."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.store.inspection import StoreFacts
from bot.doctor import findings_for, print_findings, store_finding
from bot.settings import Settings
from bot.usecases.examine import Finding, Grade
from sandbox.entra import EntraSandbox
from sandbox.entra.sign_in_pages import CLIENT_SECRET

CALLBACK = "https://psso.example.com/step-up/callback"
ADDRESS, REDIRECT, MFA, CREDENTIAL, PAGES, SETTINGS = (
    f"Step-up: {name}"
    for name in (
        "PSSO_PUBLIC_URL",
        "redirect URI",
        "proof of MFA",
        "credential",
        "Entra's sign-in pages",
        "settings",
    )
)


@pytest.fixture
async def entra() -> AsyncIterator[EntraSandbox]:
    sandbox = EntraSandbox()
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


async def about_step_up(entra: EntraSandbox, home: Path, **changes: str) -> dict[str, Finding]:
    """Run the doctor with no Slack, and return what it says about the approvers' sign-in."""
    environment = {
        "AZURE_TENANT_ID": entra.tenant.id,
        "AZURE_CLIENT_ID": entra.tenant.app.app_id,
        "AZURE_CLIENT_SECRET": CLIENT_SECRET,
        "GRAPH_URL": entra.url,
        "GRAPH_TOKEN": entra.token,
        "PSSO_STATE_DIR": str(home / "state"),
        "PSSO_STEP_UP": "1",
        "PSSO_STEP_UP_CONTEXT": "c1",
        "PSSO_PUBLIC_URL": "https://psso.example.com",
        "PSSO_LOGIN_URL": entra.url,
    }
    settings = Settings.from_env({**environment, **changes})
    found = await findings_for(settings)
    return {finding.check: finding for finding in found if finding.check.startswith("Step-up")}


@pytest.mark.parametrize(
    ("facts", "grade", "fix"),
    [
        (StoreFacts("8.1.4"), Grade.OK, ""),
        (StoreFacts(), Grade.OK, ""),
        (StoreFacts("8.1.4", evicts_by="allkeys-lru"), Grade.WARNING, "noeviction"),
        (StoreFacts("6.2.14", is_old=True), Grade.WARNING, "Redis 7.0"),
    ],
)
def test_a_store_that_may_lose_things_is_a_warning(facts: StoreFacts, grade: Grade, fix: str) -> None:
    found = store_finding("REDIS_URL", facts)

    assert found.grade is grade
    assert fix in found.fix


async def test_a_sign_in_that_is_set_up_passes_and_names_the_redirect_uri_to_register(
    entra: EntraSandbox, tmp_path: Path
) -> None:
    found = await about_step_up(entra, tmp_path)

    assert {check: finding.grade for check, finding in found.items()} == dict.fromkeys(
        (ADDRESS, REDIRECT, MFA, CREDENTIAL, PAGES), Grade.OK
    )
    assert CALLBACK in found[REDIRECT].seen
    assert entra.tenant.id in found[PAGES].seen


async def test_nothing_is_said_about_a_sign_in_that_is_not_asked_for(
    entra: EntraSandbox, tmp_path: Path
) -> None:
    assert await about_step_up(entra, tmp_path, PSSO_STEP_UP="0") == {}


async def test_without_a_context_it_warns_that_tokens_may_not_name_mfa(
    entra: EntraSandbox, tmp_path: Path
) -> None:
    found = (await about_step_up(entra, tmp_path, PSSO_STEP_UP_CONTEXT=""))[MFA]

    assert (found.grade, "`amr`" in found.seen) == (Grade.WARNING, True)
    assert "PSSO_STEP_UP_CONTEXT" in found.fix


@pytest.mark.parametrize(
    ("url", "grade"),
    [
        ("https://psso.example.com/bot/", Grade.OK),
        ("https://psso.example.com/step-up", Grade.WARNING),
        ("http://127.0.0.1:3000", Grade.WARNING),
    ],
)
async def test_an_address_that_approvers_may_not_reach_is_a_warning(
    entra: EntraSandbox, tmp_path: Path, url: str, grade: Grade
) -> None:
    found = (await about_step_up(entra, tmp_path, PSSO_PUBLIC_URL=url))[ADDRESS]

    assert found.grade is grade
    assert ("PSSO_PUBLIC_URL" in found.fix) is (grade is Grade.WARNING)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PSSO_PUBLIC_URL", ""),
        ("PSSO_PUBLIC_URL", "http://psso.example.com"),
        ("AZURE_TENANT_ID", "contoso.com"),
        ("AZURE_CLIENT_ID", ""),
        ("AZURE_CLIENT_SECRET", ""),
        ("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere/app.pem"),
    ],
)
async def test_a_setting_that_does_not_do_is_named_with_its_fix(
    entra: EntraSandbox, tmp_path: Path, key: str, value: str
) -> None:
    secret = {"AZURE_CLIENT_SECRET": ""} if key.endswith("_PATH") else {}

    found = (await about_step_up(entra, tmp_path, **{**secret, key: value}))[SETTINGS]

    assert found.failed
    assert key in found.seen
    assert key in found.fix


async def test_a_federated_token_that_cannot_be_read_is_a_failure(
    entra: EntraSandbox, tmp_path: Path
) -> None:
    token_file = {"AZURE_CLIENT_SECRET": "", "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "none")}

    found = (await about_step_up(entra, tmp_path, **token_file))[CREDENTIAL]

    assert found.failed
    assert "AZURE_FEDERATED_TOKEN_FILE" in found.fix


async def test_sign_in_pages_that_do_not_answer_are_a_failure(
    entra: EntraSandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as bound:  # and never listening
        bound.bind(("127.0.0.1", 0))
        silent = f"http://127.0.0.1:{bound.getsockname()[1]}"
        found = (await about_step_up(entra, tmp_path, PSSO_LOGIN_URL=silent))[PAGES]

    assert found.failed
    assert found.seen == "Entra could not be reached."
    assert silent in found.fix

    print_findings([found], as_json=True)
    print_findings([found], as_json=False)
    line, *printed = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"check": PAGES, "result": "failed", "seen": found.seen, "fix": found.fix}
    assert printed[0].startswith("✗ failed")
    assert found.fix in printed[1]


async def test_a_site_that_describes_no_sign_in_pages_is_a_failure(
    entra: EntraSandbox, tmp_path: Path
) -> None:
    found = (await about_step_up(entra, tmp_path, PSSO_LOGIN_URL=f"{entra.url}/elsewhere"))[PAGES]

    assert found.failed
