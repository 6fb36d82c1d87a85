"""Owns how the directory is kept: in SQL, or in memory for tests of the use cases."""
