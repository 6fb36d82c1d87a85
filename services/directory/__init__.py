"""Owns partners, sites and offers of one region; the only writer of its database."""
