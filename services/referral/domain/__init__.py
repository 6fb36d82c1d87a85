"""What cases and referrals are and which steps they may take: pure rules."""
