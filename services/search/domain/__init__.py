"""What the search service means by an offer, a question, a hit and freshness: plain values and pure rules."""
