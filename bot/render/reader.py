"""Who reads a list, the help or the app's home: what is shown follows what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.approval import ChangeRequest, Person, State, denial_of_voter
from bot.domain.people import User


@dataclass(frozen=True, slots=True)
class Reader:
    """One person's standing at this moment; it decides what is shown, never what may be done."""

    slack_id: str
    team_id: str = ""
    belongs: bool = True  # a full, active member of our workspace
    asks: bool = False
    approves: bool = False
    entra: User | None = None  # the account they are matched to
    unread: bool = False  # Entra could not be asked, so that nobody is matched says nothing
    trouble: str = ""  # why there is no match, or what could not be checked, in words

    def decides(self, request: ChangeRequest) -> bool:
        """Tell whether this request waits for this reader's vote."""
        if request.state is not State.PENDING or not self.approves or self.entra is None:
            return False
        me = Person(
            self.entra.id, self.slack_id, self.team_id, self.entra.display_name, self.entra.employee_id or ""
        )
        voted = {vote.person.object_id for vote in request.votes}
        return me.object_id not in voted and denial_of_voter(request, me) is None

    def asked_for(self, request: ChangeRequest) -> bool:
        """Tell whether this reader made the request, with any of their Slack accounts."""
        requester = request.wish.requester
        same_person = self.entra is not None and self.entra.id == requester.object_id
        return same_person or self.slack_id == requester.slack_id
