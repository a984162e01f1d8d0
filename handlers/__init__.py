"""Slack listeners: parse, ask and answer."""
