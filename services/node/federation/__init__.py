"""The node's own service: who it is, what it has heard of the others, what it had to set aside."""
