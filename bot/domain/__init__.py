"""Pure judgement: what was read becomes a verdict; no clock, no environment, no I/O."""
