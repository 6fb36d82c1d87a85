"""Ports drawn for servers that listen later: what one process of ours drew, no other draws while it lives."""

import random
import subprocess
import sys

from services.node.servers.ports import free_port, is_free

DRAWING = """
import random, sys
from services.node.servers.ports import free_port
print(free_port(random.Random(20261122)), flush=True)
sys.stdin.read()
"""


def test_a_port_that_another_process_has_drawn_is_not_drawn_again_while_it_lives() -> None:
    other = subprocess.Popen([sys.executable, "-c", DRAWING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with other:
        assert other.stdout is not None
        drawn = int(other.stdout.readline())
        assert is_free(drawn)
        assert free_port(random.Random(20261122)) != drawn
        other.communicate()
    assert free_port(random.Random(20261122)) == drawn


def test_what_was_drawn_long_ago_is_given_back() -> None:
    ports = [free_port(random.Random(number)) for number in range(300)]
    assert len(set(ports[-100:])) == 100
    assert free_port(random.Random(0)) == ports[0]
