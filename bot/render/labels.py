"""What buttons and modals are called, for people and for the listeners."""

from __future__ import annotations

REQUEST_DISABLE = "Request disable"
APPROVE = "Approve"
DENY = "Deny"
CANCEL_REQUEST = "Cancel request"
UNDO = "Undo"
LIFT = "Lift the hold"
SIGN_IN = "Sign in with Entra"
CHECK_AGAIN = "Check again"
SHOW_SIGN_INS = "Show sign-ins"
SHARE = "Share"
PASTE_APP_SSO = "Paste app-sso output"

COMMAND = "/psso"

ON_REQUEST_DISABLE = "psso_request_disable"
ON_APPROVE = "psso_approve"
ON_DENY = "psso_deny"
ON_CANCEL = "psso_cancel"
ON_UNDO = "psso_undo"
ON_LIFT = "psso_lift"
ON_SIGN_IN = "psso_sign_in"  # a link: Slack tells of the click all the same
ON_CHECK_AGAIN = "psso_check_again"
ON_SHOW_SIGN_INS = "psso_show_sign_ins"
ON_SHARE = "psso_share"
ON_PASTE = "psso_paste"

REQUEST_MODAL = "psso_request_modal"
DENY_MODAL = "psso_deny_modal"
UNDO_MODAL = "psso_undo_modal"
LIFT_MODAL = "psso_lift_modal"
PASTE_MODAL = "psso_paste_modal"
TIMELINE_MODAL = "psso_timeline_modal"

REASON_FIELD = "reason"
TICKET_FIELD = "ticket"
IDENTITY_FIELD = "identity_check"
TIME_BOX_FIELD = "restore_after_hours"
PASTE_FIELD = "app_sso"
PASTE_MORE_FIELD = "app_sso_more"
