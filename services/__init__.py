"""The services of one Lotse node; each owns its own data and speaks to the others by contract only."""
