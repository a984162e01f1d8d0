"""Sign-in streams."""
