"""Opens the page where somebody sits before a desktop."""

from __future__ import annotations

import webbrowser
from collections.abc import Mapping


def is_desktop(environment: Mapping[str, str], platform: str) -> bool:
    """Tell whether a browser would show on this machine's screen: not over SSH, not in CI."""
    if any(environment.get(name) for name in ("CI", "SSH_CONNECTION", "SSH_TTY")):
        return False
    return platform == "darwin" or any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def show(address: str) -> bool:
    """Open the address in the browser; False when there is none."""
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
