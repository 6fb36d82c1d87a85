"""Brings people to the right counter in another region: cases, recommendations, referrals that both sides can prove."""
