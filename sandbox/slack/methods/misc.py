"""auth.test, apps.connections.open, team.info, bots.info, api.test, blocks.validate."""

from __future__ import annotations

from sandbox.slack.block_kit import validate_blocks, validate_message, validate_view
from sandbox.slack.errors import Refused, refuse_shape
from sandbox.slack.methods.method import Call, Method
from sandbox.slack.rate_limits import Tier
from sandbox.slack.state import Json


def auth_test(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/auth.test"""
    app, team = call.workspace.app, call.workspace.team
    return {
        "url": f"https://{team['domain']}.slack.com/",
        "team": team["name"],
        "user": call.workspace.people[app.bot_user].name,
        "team_id": team["id"],
        "user_id": app.bot_user,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/apps.connections.open"""
    return {"url": call.open_socket()}


def team_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/team.info"""
    team = call.workspace.team
    return {"team": {"id": team["id"], "name": team["name"], "domain": team["domain"], "email_domain": ""}}


def bots_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/bots.info"""
    app = call.workspace.app
    if call.args.get("bot") not in {None, app.bot_id}:
        raise Refused("bot_not_found")
    return {
        "bot": {
            "id": app.bot_id,
            "deleted": False,
            "name": app.name,
            "updated": 1_700_000_000,
            "app_id": app.id,
            "user_id": app.bot_user,
            "icons": {},
        }
    }


def api_test(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/api.test"""
    if call.args.get("error"):
        raise Refused(str(call.args["error"]), args=call.args)
    return {"args": call.args}


def blocks_validate(call: Call) -> Json:
    """Check blocks, a message or a view without posting anything."""
    args = call.args
    if not isinstance(args.get("view", {}), dict) or not isinstance(args.get("message", {}), dict):
        raise Refused("invalid_arguments")
    if "view" in args:
        refuse_shape("invalid_blocks", validate_view(args["view"]))
    elif "message" in args:
        refuse_shape("invalid_blocks", validate_message(args["message"]))
    else:
        refuse_shape("invalid_blocks", validate_blocks(args.get("blocks")))
    return {}


METHODS = {
    "auth.test": Method(auth_test, tier=Tier.GENEROUS),
    "apps.connections.open": Method(connections_open, ("connections:write",), token="app"),
    "team.info": Method(team_info, ("team:read",)),
    "bots.info": Method(bots_info, ("users:read",)),
    "api.test": Method(api_test, tier=Tier.FOUR, token="none"),
    "blocks.validate": Method(blocks_validate, tier=Tier.FOUR, token="none"),
}
