"""A federation of killable processes, editors that write a history, and a checker that compares it with the facts."""
