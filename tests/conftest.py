"""Fixtures every layer shares."""
