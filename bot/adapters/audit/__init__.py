"""The journal of what was asked, decided and changed, and the key that signs it."""
