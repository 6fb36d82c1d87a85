"""Technical ground under every service; knows no service."""
