"""Events we did not ask for: heard and left alone, so that Slack does not send them again."""

from __future__ import annotations

import re

from slack_bolt.app.async_app import AsyncApp

from handlers.failures import Body

ANY = re.compile(".*")


def register(app: AsyncApp) -> None:
    """Listen to every event; Bolt acknowledges events by itself."""

    @app.event(ANY)
    async def unused(body: Body) -> None:
        """Do nothing with it."""
