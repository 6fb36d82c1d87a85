"""The search service: owns the offer index, which can always be rebuilt from the stream."""
