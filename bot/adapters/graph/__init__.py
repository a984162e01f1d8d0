"""Microsoft Graph as bytes, read into the domain's own types."""
