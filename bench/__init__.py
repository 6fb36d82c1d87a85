"""Benchmarks: each figure of ours beside a raw peer of the same run, so that a slow machine slows both."""
