"""Redis or Valkey: one file per kind of state."""
