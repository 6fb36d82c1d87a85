"""Owns what a partner, a site and an offer are, and every rule that needs neither database nor network."""
