"""Fixtures every layer shares."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def log_level_as_it_was() -> Iterator[None]:
    """The command line sets the level of the whole process; the next test starts from the old one."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
