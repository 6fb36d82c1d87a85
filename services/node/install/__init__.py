"""Set-up: everything a fresh clone needs, with the standard library alone until the packages are there."""
