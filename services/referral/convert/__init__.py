"""The way between the domain and the contract, and nothing else."""
