"""One function per use case: plain values and ports in, plain values out."""
