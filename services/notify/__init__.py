"""Tells the staff of one node what happened to their referrals, once for each step and channel."""
