"""`make demo`: the whole story on a sandbox Slack and Entra, with the unmodified bot between them."""
