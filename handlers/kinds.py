"""The kinds of recorded jobs, as listeners write them and the worker reads them."""

from __future__ import annotations

WHY = "why"
EXPLAIN = "explain"
PENDING = "pending"
HISTORY = "history"
STATUS = "status"
CHECK_AGAIN = "check_again"
PASTE = "paste"
SHARE = "share"
REQUEST_DISABLE = "request_disable"
APPROVE = "approve"
DENY = "deny"
CANCEL = "cancel"
UNDO = "undo"
LIFT = "lift"
HOME = "home"
