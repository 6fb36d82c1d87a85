"""Rules of telling: who hears of what, in which words, and what becomes of a mail."""
