"""psso-bot: why a Mac cannot register for Platform SSO, and the approved way to fix it."""

__version__ = "0.1.0"
