"""Who people are in Slack, and posting to it."""
