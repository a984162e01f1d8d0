from __future__ import annotations

import pytest

from bot import errors
from bot.domain.approval import State
from bot.errors import (
    AmbiguousUser,
    AuditUnavailable,
    BadInput,
    BotError,
    Conflict,
    Denial,
    GraphError,
    GraphMalformed,
    GraphNotFound,
    GraphRefused,
    GraphThrottled,
    GraphUnreachable,
    NeedsStepUp,
    NoSuchUser,
    NotAllowed,
    RefusalKind,
    SettingsError,
    SlackError,
    StoreUnavailable,
    StreamUnavailable,
)
from bot.render.failure import DENIALS, GRAPH_REFUSALS, SLACK_CODES, STATES, in_words, refusal, unexpected

EXAMPLES: dict[type[BotError], BotError] = {
    BadInput: BadInput("not an address", "USER"),
    SettingsError: SettingsError("PSSO_APPROVERS", "empty"),
    NoSuchUser: NoSuchUser("ada@contoso.com"),
    AmbiguousUser: AmbiguousUser("ada", ("ada@contoso.com", "ada@fabrikam.example")),
    NotAllowed: NotAllowed(Denial.GUEST),
    NeedsStepUp: NeedsStepUp("req-1"),
    Conflict: Conflict("req-1", "denied"),
    GraphError: GraphError("sign-ins"),
    GraphRefused: GraphRefused("sign-ins", 403, needs="AuditLog.Read.All"),
    GraphNotFound: GraphNotFound("the user", 404),
    GraphThrottled: GraphThrottled("sign-ins", 429, retry_after=7),
    GraphUnreachable: GraphUnreachable("sign-ins", timed_out=True),
    GraphMalformed: GraphMalformed("the state"),
    StoreUnavailable: StoreUnavailable(),
    StreamUnavailable: StreamUnavailable("the broker closed the connection"),
    AuditUnavailable: AuditUnavailable(),
    SlackError: SlackError("chat.postMessage", "not_in_channel"),
    BotError: BotError(),
}


def kinds_of_error() -> list[type[BotError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BotError)]


@pytest.mark.parametrize("kind", kinds_of_error())
def test_every_error_has_words_that_say_what_next(kind: type[BotError]) -> None:
    words = in_words(EXAMPLES[kind])
    assert len(words) > 30
    assert words.endswith((".", ")", "?"))
    assert words.count(". ") <= 3


@pytest.mark.parametrize("denial", list(Denial))
def test_every_denial_has_words(denial: Denial) -> None:
    assert len(in_words(NotAllowed(denial))) > 30
    assert denial in DENIALS


def test_every_state_and_refusal_has_words() -> None:
    assert {str(state) for state in State} == set(STATES)
    assert set(RefusalKind) == set(GRAPH_REFUSALS)


def test_details_are_kept() -> None:
    assert "AuditLog.Read.All" in in_words(EXAMPLES[GraphRefused])
    assert "7 seconds" in in_words(EXAMPLES[GraphThrottled])
    assert "denied already" in in_words(EXAMPLES[Conflict])
    assert "deleted" in in_words(NoSuchUser("ada@contoso.com", deleted=True))
    assert (
        in_words(SlackError("usergroups.users.list", "plan_upgrade_required"))
        == SLACK_CODES["plan_upgrade_required"]
    )
    assert "PSSO_APPROVERS" in in_words(EXAMPLES[SettingsError])
    role = NotAllowed(Denial.PRIVILEGED, "The account holds the directory role “Helpdesk Administrator”.")
    assert "Helpdesk Administrator" in in_words(role)
    assert "eleven changes" in in_words(NotAllowed(Denial.FROZEN, "eleven changes"))
    assert "U0PAUL" not in in_words(NotAllowed(Denial.NOT_APPROVER, "U0PAUL"))
    assert "already off" in in_words(NotAllowed(Denial.NOT_REQUESTABLE, "per-user MFA is already off"))


def test_a_refusal_in_slack_is_escaped_and_carries_its_reference() -> None:
    said = refusal(NoSuchUser("<!channel> <@U1>"), "ref-1")
    assert "<!channel>" not in said.text
    assert "&lt;!channel&gt;" in said.text
    assert "(Reference `ref-1`)" in said.text
    assert "Reference" not in in_words(NoSuchUser("x"))


def test_a_bug_shows_a_reference_and_nothing_of_its_inside() -> None:
    assert "`ref-2`" in unexpected("ref-2").text
