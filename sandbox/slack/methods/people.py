"""users.* and usergroups.*: https://docs.slack.dev/reference/methods?family=users"""

from __future__ import annotations

from sandbox.slack.errors import Refused
from sandbox.slack.methods.method import Call, Method
from sandbox.slack.rate_limits import Tier
from sandbox.slack.shapes import group_json, person_json
from sandbox.slack.state import Json, Person


def _shown(call: Call, person: Person) -> Json:
    row = person_json(person, with_email="users:read.email" in call.workspace.app.scopes)
    if not call.flag("include_locale"):
        row.pop("locale", None)
    return row


def info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.info"""
    person = call.workspace.people.get(call.need("user"))
    if person is None:
        raise Refused("user_not_found")
    return {"user": _shown(call, person)}


def lookup_by_email(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.lookupByEmail"""
    wanted = call.need("email").lower()
    ours = (p for p in call.workspace.people.values() if p.team_id == call.workspace.team_id)
    for person in ours:
        if not person.deleted and (person.email or "").lower() == wanted:
            return {"user": _shown(call, person)}
    raise Refused("users_not_found")


def listing(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.list"""
    start = call.number("cursor", 0)
    limit = call.number("limit", 1000)
    people = list(call.workspace.people.values())
    following = str(start + limit) if start + limit < len(people) else ""
    return {
        "members": [_shown(call, person) for person in people[start : start + limit]],
        "cache_ts": int(call.workspace.clock.now()),
        "response_metadata": {"next_cursor": following},
    }


def groups(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.list"""
    with_users = call.flag("include_users")
    rows = call.workspace.groups.values()
    return {"usergroups": [group_json(row, call.workspace, with_users=with_users) for row in rows]}


def group_users(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.users.list"""
    group = call.workspace.groups.get(call.need("usergroup"))
    if group is None:
        raise Refused("no_such_subteam")
    return {"users": list(group.users)}


METHODS = {
    "users.info": Method(info, ("users:read",), Tier.FOUR),
    "users.lookupByEmail": Method(lookup_by_email, ("users:read.email",), Tier.THREE),
    "users.list": Method(listing, ("users:read",), Tier.TWO),
    "usergroups.list": Method(groups, ("usergroups:read",), Tier.TWO),
    "usergroups.users.list": Method(group_users, ("usergroups:read",), Tier.TWO),
}
