"""One function per use case: domain types and ports in, domain types out."""
