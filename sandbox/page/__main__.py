"""`python -m sandbox.page`: both sandboxes, the bot and the page, without the story at the terminal."""

from __future__ import annotations

import asyncio
import sys

from sandbox.page.server import CannotServe
from sandbox.page.whole import STOPPED, Broken, cancel_at_signals, whole


async def main() -> None:
    """Run until SIGINT or SIGTERM."""
    cancel_at_signals()
    try:
        async with whole() as (_, address):
            sys.stdout.write(f"Open {address}/\n")
            sys.stdout.flush()
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        sys.stdout.write(f"{STOPPED}\n")
    except (CannotServe, Broken) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    asyncio.run(main())
