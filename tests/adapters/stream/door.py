"""A door before the mock broker: it wants a SASL login, as Event Hubs does, and then passes everything on.

Only the three requests before the login are understood here.
https://kafka.apache.org/protocol#sasl_handshake
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE = 17, 18, 36
UNSUPPORTED_VERSION, UNSUPPORTED_MECHANISM, REFUSED = 35, 33, 58
LONGEST = 1 << 20

Checks = Callable[[str, bytes], bool]
"""Given the mechanism and what the client sent: may it come in?"""


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    assert 0 < size < LONGEST
    return await reader.readexactly(size)


def _framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


class Door:
    """One port; `logins` keeps what clients showed."""

    def __init__(self, broker: str, admits: Checks) -> None:
        host, _, port = broker.rpartition(":")
        self._broker = host, int(port)
        self._admits = admits
        self.logins: list[tuple[str, bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection(*self._broker)
        try:
            if await self._login(reader, writer, behind_reader, behind_writer):
                await asyncio.gather(_pass(reader, behind_writer), _pass(behind_reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client is gone
        finally:
            writer.close()
            behind_writer.close()

    async def _login(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        behind_reader: asyncio.StreamReader,
        behind_writer: asyncio.StreamWriter,
    ) -> bool:
        mechanism = ""
        while True:
            frame = await _frame(reader)
            key, version, _, name = struct.unpack_from(">hhih", frame)
            body, head = frame[10 + max(0, name) :], frame[4:8]
            if key == API_VERSIONS and version > 0:
                answer = struct.pack(">hi", UNSUPPORTED_VERSION, 0)
            elif key == API_VERSIONS:
                behind_writer.write(_framed(frame))
                known = (await _frame(behind_reader))[4:]
                error, count = struct.unpack_from(">hi", known)
                mine = struct.pack(">hhhhhh", SASL_HANDSHAKE, 0, 1, SASL_AUTHENTICATE, 0, 1)
                answer = struct.pack(">hi", error, count + 2) + known[6 : 6 + count * 6] + mine
            elif key == SASL_HANDSHAKE:
                mechanism = body[2:].decode()
                answer = struct.pack(">hih", 0, 1, len(mechanism)) + mechanism.encode()
            else:
                assert key == SASL_AUTHENTICATE
                shown = body[4:]
                self.logins.append((mechanism, shown))
                is_admitted = self._admits(mechanism, shown)
                answer = struct.pack(">hhi", 0 if is_admitted else REFUSED, -1, 0)
                answer += struct.pack(">q", 0) if version else b""
                writer.write(_framed(head + answer))
                await writer.drain()
                return is_admitted
            writer.write(_framed(head + answer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def door_before(broker: str, admits: Checks) -> AsyncIterator[tuple[Door, int]]:
    """Open the door, and yield it with its port."""
    door = Door(broker, admits)
    server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
    try:
        yield door, int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
