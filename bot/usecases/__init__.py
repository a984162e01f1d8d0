"""One verb a file: ask the ports, let the domain judge, return the result."""
