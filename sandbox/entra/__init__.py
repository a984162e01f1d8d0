"""An invented Entra tenant that answers Microsoft Graph calls on loopback."""

from sandbox.entra.server import EntraSandbox

__all__ = ["EntraSandbox"]
