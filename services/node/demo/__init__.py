"""The demo: a small federation on one machine, and a story told on it with measured times."""
