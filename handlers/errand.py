"""One recorded job on its way: who asked, what they filled in, and the way back to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.approval import Person
from bot.domain.people import ObjectId
from bot.errors import Denial, NotAllowed
from bot.ports import Answer, Desk, Job
from bot.render.blocks import Message
from bot.usecases.decide import Click
from handlers.answers import PrivateLine
from handlers.caller import Caller


@dataclass(frozen=True, slots=True)
class Errand:
    """One recorded job with everything needed to carry it out and answer."""

    job: Job
    caller: Caller
    desk: Desk
    slack: AsyncWebClient
    line: PrivateLine

    def said(self, name: str) -> str:
        """Return a field of the job."""
        return self.job.body.get(name, "")

    @property
    def typed(self) -> bool:
        """Whether it was a slash command: then a notice may stand where the answer goes."""
        return self.job.op_id.startswith("slash:")

    @property
    def clicked_at(self) -> datetime:
        """When it was recorded: the same at every delivery."""
        at = self.said("at")
        return datetime.fromisoformat(at) if at else self.desk.now()

    @property
    def requester(self) -> Person:
        """Who asks, by Slack ids alone: the use case finds out who that is in Entra."""
        return Person(ObjectId(""), self.caller.user_id, self.caller.team_id, "")

    async def reply(self, message: Message) -> None:
        """Answer; what a command showed meanwhile is replaced."""
        await self.line.say(message, replace=self.typed)

    async def answer(self) -> Answer:
        """Return the answer whose button was pressed; answers are kept for a while only."""
        answers = self.desk.answers
        found = await answers.get(self.said("value")) if answers and self.said("value") else None
        if found is None:
            raise NotAllowed(Denial.STALE_CARD)
        return found

    def click(self) -> Click:
        """Read the button's value: the request's id and the version that was shown."""
        request_id, version = request_and_version(self.said("value"))
        return Click(
            request_id=request_id,
            version=version,
            slack_id=self.caller.user_id,
            channel=self.caller.channel_id,
            message_ts=self.caller.message_ts,
            clicked_at=self.clicked_at,
            op_id=self.job.op_id,
        )


def request_and_version(value: str) -> tuple[str, int | None]:
    """Read a card button's value; a version that is none of ours is None."""
    request_id, _, version = value.rpartition(":")
    number = int(version) if version.isdecimal() and version.isascii() and len(version) < 10 else None
    return request_id, number
