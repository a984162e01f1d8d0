"""Results as Block Kit and as terminal text; pure."""
