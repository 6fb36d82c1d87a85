"""Owns the use cases: one async function each, on domain types and ports."""
