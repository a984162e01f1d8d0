"""Every outside system behind one adapter."""
