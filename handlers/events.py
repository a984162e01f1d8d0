"""Events: the home tab is filled when it is opened; the others are heard and left alone, so that Slack
does not send them again.
"""

from __future__ import annotations

import logging
import re

from slack_bolt.app.async_app import AsyncApp

from bot.errors import NotAllowed, StoreUnavailable
from bot.ports import Desk
from bot.render.failure import in_words
from bot.render.home import CHECKING, words_home
from bot.render.words import _
from handlers import kinds
from handlers.accept import record
from handlers.caller import event_caller, event_op_id
from handlers.failures import Body
from handlers.guard import check_origin
from handlers.language import worded_for
from handlers.overviews import publish_home

log = logging.getLogger(__name__)

ANY = re.compile(".*")


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to every event; Bolt acknowledges events by itself."""

    @app.event("app_home_opened")
    async def home_opened(body: Body) -> None:
        """Leave the work to the worker. https://docs.slack.dev/reference/events/app_home_opened"""
        caller = event_caller(body)
        if (body.get("event") or {}).get("tab", "home") != "home":
            return
        try:
            check_origin(caller, desk.workspace)
            await record(desk, kinds.HOME, event_op_id(body), caller.to_body())
        except NotAllowed as error:
            log.info("a home tab of somebody else's workspace was left alone: %s", error.denial)
        except StoreUnavailable as error:
            async with worded_for(caller.user_id, desk):
                view = words_home(_(CHECKING).format(words=in_words(error)))
            await publish_home(app.client, caller.user_id, view)

    @app.event(ANY)
    async def unused(body: Body) -> None:
        """Do nothing with it."""
