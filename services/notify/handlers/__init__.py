"""Use cases of telling: one async function each, over the ports."""
