"""The command line. Exit codes: 0 answered, 1 a check failed, 2 usage or settings, 3 no such user,
4 Graph refused, 5 a service could not be reached. With several users the highest wins.

Imports are inside the commands: `--help` answers before the Graph and Slack libraries could load.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot import __version__
from bot.errors import (
    AmbiguousUser,
    AuditUnavailable,
    BadInput,
    BotError,
    GraphError,
    GraphNotFound,
    GraphRefused,
    NoSuchUser,
    SettingsError,
    SlackError,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from bot.answer import Told
    from bot.audit import Finding
    from bot.ports import Anchor, Noted

ANSWERED, CHECK_FAILED, USAGE, NO_SUCH_USER, REFUSED, UNREACHABLE = range(6)

Env = Mapping[str, str]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors are one sentence on stderr."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without these letters still gets the answer
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace, Env], int] = arguments.run
    try:
        return run(arguments, os.environ)
    except BotError as error:
        return _say(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of a pipe (head, less) has left: nothing is wrong, and nothing can be printed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ANSWERED
    except Unprintable as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"psso-bot: The output could not be written ({error}).", file=sys.stderr)  # noqa: T201
        return CHECK_FAILED


class Unprintable(Exception):
    """Standard output takes no more: its disk is full, for example."""


def exit_code(error: BotError | None) -> int:
    """Map an error to the exit code that scripts rely on."""
    match error:
        case None:
            return ANSWERED
        case SettingsError() | BadInput() | SlackError(code="invalid_auth" | "not_authed" | "token_revoked"):
            return USAGE
        case NoSuchUser() | AmbiguousUser() | GraphNotFound():
            return NO_SUCH_USER
        case GraphRefused():
            return REFUSED
        case GraphError() | StoreUnavailable() | SlackError():
            return UNREACHABLE
        case _:
            return CHECK_FAILED


def _say(error: BotError) -> int:
    from bot.render.failure import in_words

    words = in_words(error)
    match error:  # at a terminal the reader is the administrator, who needs to know which file or host it is
        case AuditUnavailable() if str(error):
            words = f"{error}. Nothing can be changed until that is mended."
        case StoreUnavailable() if str(error):
            words = f"{error}. Check REDIS_URL, or PSSO_STATE_DIR where that is not set."
        case BadInput():
            words = f"That is {error.problem.rstrip('.')}. `psso-bot --help` shows what can be typed."
    print(f"psso-bot: {words}", file=sys.stderr)  # noqa: T201 -- a command line prints
    return exit_code(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="psso-bot",
        description="Says why a Mac user cannot register for Platform SSO with Microsoft Entra ID, "
        "and removes legacy per-user MFA with approval.",
    )
    parser.add_argument("--version", action="version", version=f"psso-bot {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    serve = commands.add_parser("serve", help="run the bot (Socket Mode, or HTTP)")
    serve.set_defaults(run=_serve)

    why = commands.add_parser("why", help="say what blocks a user, how sure it is and what to do")
    why.add_argument("users", nargs="+", metavar="USER", help="UPN, mail address or object id")
    why.add_argument("--json", action="store_true", help="one JSON object a line")
    why.add_argument(
        "--app-sso", metavar="FILE", type=Path, help="output of `app-sso platform -s` from the user's Mac"
    )
    why.set_defaults(run=_why)

    explain = commands.add_parser("explain", help="say what AADSTS codes mean")
    explain.add_argument("codes", nargs="+", metavar="CODE", help="50076, AADSTS50076 or a pasted error text")
    explain.add_argument("--json", action="store_true", help="one JSON object a line")
    explain.set_defaults(run=_explain)

    _add_sweep(commands)

    doctor = commands.add_parser("doctor", help="check tokens, permissions, store, channels and clock")
    doctor.add_argument("--json", action="store_true", help="one JSON object a line")
    doctor.set_defaults(run=_doctor)

    manifest = commands.add_parser("manifest", help="print the Slack app manifest (YAML)")
    manifest.add_argument(
        "--http", metavar="URL", help="for HTTP instead of Socket Mode: the bot's public URL"
    )
    manifest.set_defaults(run=_manifest)

    _add_audit(commands)
    return parser


def _add_sweep(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sweep = commands.add_parser(
        "sweep",
        help="list every user whose per-user MFA is not disabled",
        description="Lists every user whose per-user MFA is enabled or enforced; the count goes to stderr. "
        "Changes nothing.",
        epilog="Exit codes: 0 every user was read; 4 Graph refused some or all; 5 some or all could not be "
        "reached or understood. Users who could not be read are counted on stderr; in the CSV file their "
        "state is unknown.",
    )
    sweep.add_argument("--json", action="store_true", help="one JSON object a line")
    sweep.add_argument(
        "--csv",
        metavar="FILE",
        type=Path,
        help="write the list to FILE, which is replaced only when the reading came to its end",
    )
    sweep.set_defaults(run=_sweep)


def _add_audit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = commands.add_parser("audit", help="check, export or decipher the journal")
    actions = audit.add_subparsers(title="actions", metavar="ACTION", required=True)
    verify = actions.add_parser("verify", help="check the hash chain and name the first bad record")
    verify.add_argument(
        "--anchor",
        metavar="SEQ:MAC",
        action="append",
        default=[],
        help="a record known to exist, as posted to the audit channel; may be given several times",
    )
    verify.set_defaults(run=_audit_verify)
    export = actions.add_parser("export", help="print records as JSON lines")
    export.add_argument("--since", metavar="T", help="only records from this time on (ISO 8601)")
    export.set_defaults(run=_audit_export)
    reveal = actions.add_parser("reveal", help="say whom pseudonyms stand for (needs the key file)")
    reveal.add_argument("pseudonyms", nargs="*", metavar="PSEUDONYM", help="h:… as it stands in a record")
    reveal.add_argument(
        "--value",
        metavar="TEXT",
        action="append",
        default=[],
        help="the other way round: a UPN, address or id whose records are wanted",
    )
    reveal.set_defaults(run=_audit_reveal)


def _serve(_: argparse.Namespace, env: Env) -> int:
    from bot import logs
    from bot.settings import Settings

    settings = Settings.from_env(env)
    settings.require_serve()
    logs.set_up(settings.psso_log)

    import asyncio

    from bot.serve import serve

    asyncio.run(serve(settings, announce=_print))
    return ANSWERED


def _why(arguments: argparse.Namespace, env: Env) -> int:
    from bot import logs
    from bot.settings import Settings

    if any(not user.strip() for user in arguments.users):
        raise BadInput("an empty name; give a UPN, a mail address or an object id", "USER")
    _require_text(arguments.users, "USER")
    settings = Settings.from_env(env)
    settings.require_graph()
    logs.set_up("error")

    import asyncio

    from bot.answer import why_each
    from bot.domain.app_sso import read_app_sso

    paste = read_app_sso(_read(arguments.app_sso)) if arguments.app_sso else None
    codes = []

    def tell(user: str, told: Told) -> None:
        codes.append(_tell(user, told, as_json=arguments.json))

    lost: Exception | None = None
    try:
        asyncio.run(why_each(settings, arguments.users, tell, paste))
    except* (BrokenPipeError, Unprintable) as group:
        lost = group.exceptions[0]
    if lost is not None:
        raise lost
    return max(codes)


def _require_text(values: Sequence[str], field: str) -> None:
    """Refuse bytes that are no UTF-8: Python carries them as lone surrogates, which nothing can send."""
    if any("\ud800" <= letter <= "\udfff" for value in values for letter in value):
        raise BadInput("not UTF-8 text", field)


def _tell(user: str, told: Told, *, as_json: bool) -> int:
    """Print one answer or failure; return its exit code."""
    from bot.render.answer_json import answer_json, unanswered_json
    from bot.render.failure import in_words
    from bot.render.terminal import print_why

    answered, error, took = told
    if answered is None:
        assert error is not None
        if as_json:
            _print(json.dumps(unanswered_json(user, in_words(error), took), ensure_ascii=False))
        return _say(error)
    diagnosis = answered.answer.diagnosis
    if as_json:
        _print(json.dumps(answer_json(diagnosis, took), ensure_ascii=False))
    else:
        trouble = in_words(answered.trouble) if answered.trouble else ""
        with _printing():
            print_why(diagnosis, now=datetime.now(UTC), trouble=trouble)  # noqa: TID251 -- to say how old things are
    if answered.trouble is not None:
        return _say(answered.trouble)
    if diagnosis.rule == "D01":
        return _say(NoSuchUser(user, deleted=diagnosis.user_was_deleted))
    return ANSWERED


def _sweep(arguments: argparse.Namespace, env: Env) -> int:
    from bot import logs
    from bot.settings import Settings

    settings = Settings.from_env(env)
    settings.require_graph()
    logs.set_up("error")

    from bot.domain.sweep import Tally
    from bot.render.sweep import summary
    from bot.sweep import Wanted, sweep

    tally, began = Tally(), time.monotonic()
    try:
        sweep(settings, tally, Wanted(arguments.json, arguments.csv, _print))
    except GraphError:
        if tally.read:
            _note(f"The list is not complete: the reading ended after {tally.read} users.")
        raise
    _note(summary(tally, timedelta(seconds=time.monotonic() - began)))
    return max((exit_code(trouble) for trouble in tally.troubles), default=ANSWERED)


def _explain(arguments: argparse.Namespace, _: Env) -> int:
    from bot.domain.aadsts import codes_in
    from bot.render.explanations import explanation_json, explanation_lines

    codes = codes_in(" ".join(arguments.codes))
    if not codes:
        raise BadInput("no AADSTS code; give a number such as 50076, or paste the error text", "CODE")
    for number, code in enumerate(codes):
        if arguments.json:
            _print(json.dumps(explanation_json(code), ensure_ascii=False))
        else:
            _print("\n".join([*([""] if number else []), *explanation_lines(code)]))
    return ANSWERED


def _doctor(arguments: argparse.Namespace, env: Env) -> int:
    import asyncio

    from bot import logs
    from bot.doctor import findings_for, print_findings
    from bot.settings import Settings

    settings = Settings.from_env(env)
    logs.set_up("error")
    findings = asyncio.run(findings_for(settings))
    print_findings(findings, as_json=arguments.json)
    return CHECK_FAILED if any(finding.failed for finding in findings) else ANSWERED


def _manifest(arguments: argparse.Namespace, _: Env) -> int:
    from bot.render.manifest import manifest

    url = arguments.http
    if url is not None and not re.fullmatch(r"https?://[!-~]+", url):
        raise BadInput("no public address; write it like https://psso.example.com", "--http")
    _print(manifest(arguments.http).rstrip())
    return ANSWERED


def _audit_verify(arguments: argparse.Namespace, env: Env) -> int:
    import asyncio

    from bot.audit import verify_journal
    from bot.settings import Settings

    settings = Settings.from_env(env)
    anchors = [_anchor(text) for text in arguments.anchor]
    found = asyncio.run(verify_journal(settings, anchors))
    codes = [_tell_finding(finding, is_copy=number > 0) for number, finding in enumerate(found)]
    return CHECK_FAILED if CHECK_FAILED in codes else max(codes)


def _anchor(text: str) -> Anchor:
    from bot.ports import Anchor

    seq, _, mac = text.strip().rstrip("…").partition(":")
    if not (seq.isascii() and seq.isdigit() and re.fullmatch("[0-9a-f]{8,64}", mac)):
        raise BadInput("not an anchor; write it as it was posted, like 123:0a1b2c3d…", "--anchor")
    return Anchor(int(seq), mac)


def _tell_finding(finding: Finding, *, is_copy: bool) -> int:
    """Print what one check of the journal found; return its exit code."""
    verdict = finding.verdict
    for name, reached in finding.others.items():
        _print(
            f"The store also has another journal ({name}), of {reached} records: another machine's, "
            "or this one's before it was replaced."
        )
    if finding.error is not None:
        print(f"psso-bot: The store's copy was not compared: {finding.error}", file=sys.stderr)  # noqa: T201
        return UNREACHABLE
    if verdict is None:
        return ANSWERED
    if not verdict.ok:
        _print(f"Wrong: {verdict.sink}. Record {verdict.first_bad} {verdict.why}.")
        _print(f"The {verdict.records} records before it are as written.")
        return CHECK_FAILED
    if is_copy:
        _print(f"The store's copy agrees: {verdict.records} records.")
    elif verdict.records:
        _print(f"The journal is as it was written: {verdict.records} records.")
    else:
        _print("There is no record yet: nothing was requested or changed.")
    return ANSWERED


def _audit_reveal(arguments: argparse.Namespace, env: Env) -> int:
    from bot.audit import pseudonym_of, reveal
    from bot.settings import Settings

    settings = Settings.from_env(env)
    if not arguments.pseudonyms and not arguments.value:
        raise BadInput("nothing to look up; give a pseudonym (h:…) or --value TEXT", "PSEUDONYM")
    _require_text([*arguments.pseudonyms, *arguments.value], "PSEUDONYM")
    code = ANSWERED
    for pseudonym in arguments.pseudonyms:
        value, records = reveal(settings, pseudonym)
        _print(f"{pseudonym} stands for {value}" if value else f"{pseudonym} is not known here.")
        _print_noted(records)
        code = code if value else CHECK_FAILED
    for value in arguments.value:
        pseudonym, records = pseudonym_of(settings, value)
        _print(f"{pseudonym} stands for {value.strip()}")
        _print_noted(records)
    return code


def _print_noted(records: Sequence[Noted]) -> None:
    for noted in records:
        _print(
            f"  record {noted.seq}  {noted.at:%Y-%m-%d %H:%M:%S} UTC  {noted.kind}  {noted.request_id or ''}"
        )
    if not records:
        _print("  No record carries it.")


def _audit_export(arguments: argparse.Namespace, env: Env) -> int:
    from bot.audit import export_journal
    from bot.settings import Settings

    for line in export_journal(Settings.from_env(env), _moment(arguments.since)):
        _print(line)
    return ANSWERED


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("not a time; write it like 2026-11-23T09:00:00+00:00", "--since") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadInput(f"a file that cannot be read ({error.strerror}): {path}", "--app-sso") from None


def _note(text: str) -> None:
    print(f"psso-bot: {text}", file=sys.stderr)  # noqa: T201 -- a command line prints


def _print(text: object) -> None:
    with _printing():
        print(text, flush=True)  # noqa: T201 -- a command line prints


@contextmanager
def _printing() -> Iterator[None]:
    """Tell a full disk from the other things that can go wrong."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unprintable(error.strerror) from None
