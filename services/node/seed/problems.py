"""Owns how a faulty file is reported: every problem at once, each with its file, item and field."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeedProblem:
    """One thing to mend: `rule` says what is wanted and never repeats a contact or a text of the file."""

    file: str
    item: str
    """Collection and id ("offers/wc-dresden-ankommen"), or the place in the list ("offers[3]") without an id."""
    field: str
    """Path inside the item ("texts[0].title"); empty when the item as a whole is meant."""
    rule: str

    def __str__(self) -> str:
        """Give one line, as a compiler would: file, item, field, rule."""
        return ": ".join(part for part in (self.file, self.item, self.field, self.rule) if part)


class SeedError(ValueError):
    """The file cannot be taken as it is; `problems` holds all that was found, in the order of the file."""

    def __init__(self, problems: Iterable[SeedProblem]) -> None:
        """Keep the problems; the message is one line for each."""
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
