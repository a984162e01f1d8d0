"""What buttons and modals are called: for people, translated where they are shown, and for the listeners."""

from __future__ import annotations

from bot.render.words import N_

REQUEST_DISABLE = N_("Request disable")
APPROVE = N_("Approve")
DENY = N_("Deny")
CANCEL_REQUEST = N_("Cancel request")
UNDO = N_("Undo")
LIFT = N_("Lift the hold")
SIGN_IN = N_("Sign in with Entra")
CHECK_AGAIN = N_("Check again")
SHOW_SIGN_INS = N_("Show sign-ins")
SHARE = N_("Share")
PASTE_APP_SSO = N_("Paste app-sso output")
DIAGNOSE = N_("Diagnose")
SILENCE = N_("Silence")
ACKNOWLEDGE = N_("Acknowledge")
LIFT_SILENCE = N_("Lift")
HOLD = N_("Put changes on hold")
PAUSE_ALERTS = N_("Pause alerts")
RESUME_ALERTS = N_("Lift the pause")

COMMAND = "/psso"
DIAGNOSE_SHORTCUT = "Diagnose Platform SSO"
ON_SHORTCUT = "psso_diagnose"  # from the search bar or the composer
ON_MESSAGE_SHORTCUT = "psso_diagnose_message"  # from a message's menu

ON_REQUEST_DISABLE = "psso_request_disable"
ON_APPROVE = "psso_approve"
ON_DENY = "psso_deny"
ON_CANCEL = "psso_cancel"
ON_UNDO = "psso_undo"
ON_LIFT = "psso_lift"
ON_SIGN_IN = "psso_sign_in"  # a link: Slack tells of the click all the same
ON_DIAGNOSE = "psso_diagnose_person"
ON_CHECK_AGAIN = "psso_check_again"
ON_SHOW_SIGN_INS = "psso_show_sign_ins"
ON_SHARE = "psso_share"
ON_PASTE = "psso_paste"
ON_ALERT_DIAGNOSE = "psso_alert_diagnose"
ON_ALERT_REQUEST = "psso_alert_request"
ON_ALERT_SILENCE = "psso_alert_silence"
ON_ALERT_ACKNOWLEDGE = "psso_alert_acknowledge"
ON_LIFT_SILENCE = "psso_lift_silence"
ON_HOLD = "psso_hold"
ON_PAUSE_ALERTS = "psso_pause_alerts"
ON_RESUME_ALERTS = "psso_resume_alerts"
ON_ASK = "psso_ask"  # opens the form that asks whom it is about

REQUEST_MODAL = "psso_request_modal"
DENY_MODAL = "psso_deny_modal"
UNDO_MODAL = "psso_undo_modal"
LIFT_MODAL = "psso_lift_modal"
PASTE_MODAL = "psso_paste_modal"
ASK_MODAL = "psso_ask_modal"
TIMELINE_MODAL = "psso_timeline_modal"
SILENCE_MODAL = "psso_silence_modal"
HOLD_MODAL = "psso_hold_modal"
PAUSE_MODAL = "psso_pause_modal"
RESUME_MODAL = "psso_resume_modal"

REASON_FIELD = "reason"
TICKET_FIELD = "ticket"
IDENTITY_FIELD = "identity_check"
TIME_BOX_FIELD = "restore_after_hours"
PASTE_FIELD = "app_sso"
PASTE_MORE_FIELD = "app_sso_more"
PERSON_FIELD = "slack_person"
ACCOUNT_FIELD = "account"
SILENCE_LENGTH_FIELD = "silence_hours"
SILENCE_WHAT_FIELD = "silence_what"
PAUSE_LENGTH_FIELD = "pause_hours"
