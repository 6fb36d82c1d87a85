"""Owns the starting data of every node: partners, sites and offers as reviewable files, read into checked messages."""

from services.node.seed.loader import SEED_REGIONS, Seed, is_over, load_seed, seed_path
from services.node.seed.needs import ExpectedPartner, Need, load_needs
from services.node.seed.problems import SeedError, SeedProblem

__all__ = [
    "SEED_REGIONS",
    "ExpectedPartner",
    "Need",
    "Seed",
    "SeedError",
    "SeedProblem",
    "is_over",
    "load_needs",
    "load_seed",
    "seed_path",
]
