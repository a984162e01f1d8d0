"""What every implementation of the ports Answers and ChangeLog must do. Subclass and provide the fixtures.

class TestMyAnswers(AnswersContract):
    @pytest.fixture
    def answers(self) -> Answers: ...         # fresh and empty
    @pytest.fixture
    def pass_time(self) -> Pause: ...         # let so many seconds go by on its clock
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain.diagnosis import AttemptLine, Coverage, Diagnosis, Exhibit, Grade
from bot.domain.people import ObjectId, PerUserMfaState, User
from bot.ports import Answer, Answers, ChangeLog, Pause

ADA = ObjectId("00000000-0000-4000-8000-000000000009")
READ_AT = datetime(2026, 11, 23, 9, 30, 1, 123456, tzinfo=UTC)


def an_answer(answer_id: str = "answer-1") -> Answer:
    """A diagnosis with something in every kind of field."""
    line = AttemptLine(READ_AT, "Broker", "DRS", True, 50076, "MFA wanted", "failed")
    diagnosis = Diagnosis(
        asked="ada@contoso.com",
        user=User(ADA, "ada@contoso.com", "Ada Łukasik", created_at=READ_AT),
        verdict="PER_USER_MFA",
        rule="D08",
        confidence=0.97,
        summary="Per-user MFA is enforced.",
        remedy="Ask for it to be disabled.",
        steps=("one", "two"),
        evidence=(
            Exhibit("state", "enforced", "requirements", READ_AT),
            Exhibit("code", "50076", "sign-ins"),
        ),
        contributing=(),
        unknown=("devices",),
        coverage=Coverage(Grade.PARTIAL, ("Require MFA",), ("guests",)),
        can_request_disable=True,
        why_not=None,
        read_at=READ_AT,
        per_user_mfa_state=PerUserMfaState.ENFORCED,
        timeline=(line,),
    )
    return Answer(answer_id, diagnosis, "U001")


class AnswersContract:
    async def test_kept_answer_comes_back_equal(self, answers: Answers) -> None:
        await answers.keep(an_answer(), ADA, timedelta(seconds=30), timedelta(hours=1))

        assert await answers.get("answer-1") == an_answer()
        assert await answers.recent(ADA) == an_answer()

    async def test_unknown_answer_is_none(self, answers: Answers) -> None:
        assert await answers.get("nothing") is None
        assert await answers.recent(ADA) is None

    async def test_answer_without_a_subject_is_found_by_its_id_only(self, answers: Answers) -> None:
        await answers.keep(an_answer(), None, timedelta(seconds=30), timedelta(hours=1))

        assert await answers.get("answer-1") == an_answer()
        assert await answers.recent(ADA) is None

    async def test_newer_answer_is_the_recent_one_and_the_older_is_still_held(self, answers: Answers) -> None:
        for answer_id in ("answer-1", "answer-2"):
            await answers.keep(an_answer(answer_id), ADA, timedelta(seconds=30), timedelta(hours=1))

        assert await answers.recent(ADA) == an_answer("answer-2")
        assert await answers.get("answer-1") == an_answer("answer-1")

    async def test_answer_is_offered_for_a_while_and_held_for_longer(
        self, answers: Answers, pass_time: Pause
    ) -> None:
        await answers.keep(an_answer(), ADA, timedelta(milliseconds=40), timedelta(hours=1))
        await pass_time(0.08)

        assert await answers.recent(ADA) is None
        assert await answers.get("answer-1") == an_answer()

    async def test_answer_is_gone_after_its_time(self, answers: Answers, pass_time: Pause) -> None:
        await answers.keep(an_answer(), ADA, timedelta(milliseconds=40), timedelta(milliseconds=40))
        await pass_time(0.08)

        assert await answers.get("answer-1") is None


class ChangeLogContract:
    """Needs the fixture `change_log`, fresh and empty."""

    async def test_change_is_remembered_per_user(self, change_log: ChangeLog) -> None:
        await change_log.changed(ADA, READ_AT)

        assert await change_log.last_change(ADA) == READ_AT
        assert await change_log.last_change(ObjectId("00000000-0000-4000-8000-000000000008")) is None

    async def test_newest_change_counts(self, change_log: ChangeLog) -> None:
        await change_log.changed(ADA, READ_AT)
        await change_log.changed(ADA, READ_AT + timedelta(hours=1))

        assert await change_log.last_change(ADA) == READ_AT + timedelta(hours=1)
