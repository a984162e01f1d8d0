"""The store: Redis or Valkey, elsewhere or embedded. Nobody else knows a key or a command."""
