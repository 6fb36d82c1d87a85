"""A storm can be played again from its seed, and its table is right."""

import random

from tests.support.storm.kills import SLOW, plan_kills
from tests.support.storm.report import percentile, table

PARTS = ["hub", "engine", "directory-dresden", "search-sachsen"]


def test_a_seed_gives_the_same_plan_again() -> None:
    plans = [plan_kills(random.Random(7), PARTS, 12, 15.0) for _ in range(2)]
    assert plans[0] == plans[1]
    assert plans[0] != plan_kills(random.Random(8), PARTS, 12, 15.0)


def test_every_part_is_killed_and_the_slow_one_once_and_early() -> None:
    for seed in range(50):
        victims = [kill.part for kill in plan_kills(random.Random(seed), PARTS, 12, 15.0)]
        assert set(victims) == set(PARTS)
        assert victims.count(SLOW) == 1
        assert victims.index(SLOW) < 4


def test_a_percentile_is_the_nearest_rank() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([3.0], 0.99)) == (50.0, 99.0, 3.0)
    assert percentile([], 0.5) == 0.0


def test_a_table_sets_its_columns_below_each_other() -> None:
    assert table([{"seed": 1, "ops": 500}, {"seed": 22, "ops": 7}]) == ["seed  ops", "   1  500", "  22    7"]
