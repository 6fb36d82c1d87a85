"""Signing keys and key files, thin over a well-kept library."""
