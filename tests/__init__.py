"""Tests of Lotse; each one is a sentence of behaviour."""
