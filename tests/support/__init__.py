"""Real servers on free ports, factories and strategies for the tests."""
