"""One node on one machine: set-up, the servers it starts, and the command line."""
