"""The sandbox's Slack and Entra as a page in the browser, on loopback."""
