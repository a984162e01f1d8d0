"""A whole Entra tenant and a Slack workspace on loopback, for trying and testing."""
