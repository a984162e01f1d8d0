"""A user's device objects.

https://learn.microsoft.com/graph/api/resources/device
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.adapters.graph.calls import DEVICES
from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.wire import Row, flag, moment, required, text
from bot.domain.people import Device, ObjectId, object_id
from bot.errors import GraphError

SELECT = ",".join(
    (
        "id",
        "deviceId",
        "displayName",
        "operatingSystem",
        "operatingSystemVersion",
        "trustType",
        "accountEnabled",
        "registrationDateTime",
    )
)

TRUST_TYPES = {
    "azureadjoined": "AzureAd",
    "azuread": "AzureAd",
    "azureadregistered": "Workplace",
    "workplace": "Workplace",
    "hybridazureadjoined": "ServerAd",
    "serverad": "ServerAd",
}
"""Device objects and sign-in records spell these differently; spaces are taken out before looking."""


async def devices_of(graph: Gateway, user: ObjectId) -> tuple[Device, ...]:
    """Return owned and registered devices, each once."""
    async with asyncio.TaskGroup() as tasks:
        owned = tasks.create_task(_listed(graph, user, "ownedDevices"))
        registered = tasks.create_task(_listed(graph, user, "registeredDevices"))
    merged: dict[str, Device] = {}
    for rows, is_owner in ((owned.result(), True), (registered.result(), False)):
        if isinstance(rows, GraphError):
            raise rows
        for device in rows:
            merged.setdefault(device.id, replace(device, owned=is_owner))
    return tuple(merged.values())


async def _listed(graph: Gateway, user: ObjectId, relation: str) -> list[Device] | GraphError:
    path = f"/v1.0/users/{object_id(user)}/{relation}?$select={SELECT}&$top=999"
    try:
        found = await graph.rows(DEVICES, path, _device_or_none)
    except GraphError as error:
        return error
    return [device for device in found if device is not None]


def _device_or_none(row: Row) -> Device | None:
    """Read a device; both lists may hold other kinds of directory objects, which say so."""
    kind = text(row, "@odata.type")
    return device_in(row) if not kind or kind.endswith(".device") else None


def device_in(row: Row) -> Device:
    """Read a device; ValueError without an id."""
    trust = text(row, "trustType")
    return Device(
        id=required(row, "id"),
        device_id=text(row, "deviceId"),
        display_name=text(row, "displayName"),
        operating_system=text(row, "operatingSystem"),
        trust_type=TRUST_TYPES.get(trust.replace(" ", "").lower(), trust or None),
        account_enabled=flag(row, "accountEnabled"),
        registered_at=moment(row, "registrationDateTime"),
    )
