"""Routes as an admin writes them."""

from __future__ import annotations

import pytest

from bot.domain.alerts import Matcher, Route
from bot.domain.routes import alert_routes
from bot.errors import BadInput

GROUP = "8c1c2f6e-0d9b-4b7e-9d53-2f0c6f4a7b11"


def test_routes_keep_their_order_and_read_every_condition() -> None:
    text = f"cause=per_user_mfa country=de -> C0123ABC; group={GROUP.upper()} device=FIN- -> G0456; -> C0789"
    assert alert_routes(text) == (
        Route(Matcher(verdict="PER_USER_MFA", country="DE"), "C0123ABC"),
        Route(Matcher(member_of=GROUP, device_prefix="FIN-"), "G0456"),
        Route(Matcher(), "C0789"),
    )


def test_nothing_is_no_route() -> None:
    assert alert_routes(" ; ") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cause=PER_USER_MFA", "of another form"),
        ("cause=PER_USER_MFA -> alerts", "of another form"),
        ("colour=red -> C0123", "“colour=red” is none of"),
        ("country= -> C0123", "“country=” is none of"),
        ("country=DE country=FR -> C0123", "asks twice"),
        ("cause=RAIN -> C0123", "a cause that does not exist"),
        ("group=finance -> C0123", "a group that is not an object id"),
        ("policy=mfa -> C0123", "a policy that is not an object id"),
        ("country=Germany -> C0123", "a country that is not a two-letter code"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        alert_routes(text)
