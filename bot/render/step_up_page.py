"""The few pages an approver sees in the browser. Plain HTML: no script, no resource of anybody else.

Every text is escaped here, so callers hand in plain words.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

from bot.domain.approval import ChangeRequest, State
from bot.domain.step_up import Ticket
from bot.render import safe
from bot.render.phrases import phrase
from bot.render.request_card import action
from bot.render.words import N_, _, language

STYLE = (
    "body{font:17px/1.5 system-ui,sans-serif;max-width:36em;margin:3em auto;padding:0 1em;color:#1d1c1d}"
    "h1{font-size:1.4em}dt{color:#616061}dd{margin:0 0 .7em;overflow-wrap:anywhere}"
    "a{display:inline-block;padding:.6em 1.1em;border-radius:6px;background:#0b5cad;color:#fff;"
    "text-decoration:none}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Sent with every answer below /step-up."""

NOT_YOU = N_(
    "If you did not click Approve in Slack yourself, do not sign in: close this window and tell your "
    "security team."
)
CLOSE = N_("You can close this window and go back to Slack.")


def ask_page(ticket: Ticket, request: ChangeRequest, sign_in: str) -> str:
    """Say what would be approved and lead on to `sign_in`, a relative address."""
    wish = request.wish
    rows = {
        _("What"): action(request),
        _("For"): f"{safe.line(wish.target.display_name)} ({safe.line(wish.target.user_principal_name)})",
        _("Asked by"): safe.line(wish.requester.name) or _("the bot itself"),
        _("Reason"): safe.line(wish.reason, 500),
        _("Request"): safe.line(wish.id, 80),
        _("You sign in as"): safe.line(ticket.user_principal_name),
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    warned = "".join(
        f"<p><strong>⚠ {escape(safe.line(phrase(one), 400))}</strong></p>" for one in wish.warnings
    )
    return _page(
        _("Approve this change?"),
        f"{warned}<dl>{listed}</dl>"
        f'<p><a rel="noreferrer" href="{escape(sign_in)}">{escape(_("Sign in and approve"))}</a></p>'
        f"<p>{escape(_(NOT_YOU))}</p>",
    )


def counted_page(request: ChangeRequest) -> str:
    """Say that the approval counts."""
    given, needed = len(request.approvals), request.wish.quorum
    words = _("Your approval is counted: {given} of {needed}.")
    if request.state is not State.PENDING:
        words = _("Your approval is counted: {given} of {needed}, so the change is approved.")
    said = f"{words.format(given=given, needed=needed)} {_(CLOSE)}"
    return _page(_("Approved"), f"<p>{escape(said)}</p>")


def refused_page(words: str) -> str:
    """Say why the approval is not counted."""
    return _page(_("Not counted"), f"<p>{escape(words)}</p><p>{escape(_(CLOSE))}</p>")


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{language()}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
