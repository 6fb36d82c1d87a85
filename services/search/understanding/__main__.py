"""Compiles what ships, unless that is done: `python -m services.search.understanding`, when an image is built."""

from services.search.understanding.understand import build_understander

if __name__ == "__main__":
    build_understander()
