"""The one way starting a server fails, told so that the reader knows what to do."""

from pathlib import Path

_TAIL_BYTES = 4_000
_TAIL_LINES = 15


class ServerStartError(Exception):
    """SERVER did not start or did not answer in time.

    REASON says what happened, ADVICE what to do; LOG_TAIL holds the server's own last words of this start. The text is
    for the operator's terminal: a server's log can name addresses and users, so do not pass it on to callers.
    """

    def __init__(self, server: str, reason: str, advice: str = "", log_path: Path | None = None, log_tail: str = ""):
        self.server = server
        self.reason = reason
        self.advice = advice
        self.log_path = log_path
        self.log_tail = log_tail
        lines = [f"{server} did not start: {reason}"]
        if advice:
            lines.append(advice)
        if log_path is not None:
            lines.append(f"Log: {log_path}")
        if log_tail:
            lines.append(log_tail)
        super().__init__("\n".join(lines))


def log_tail(log_path: Path, start: int = 0) -> str:
    """The last lines of LOG_PATH, at most 15, none from before the byte START; empty if there is no such file."""
    try:
        with log_path.open("rb") as stream:
            stream.seek(max(start, log_path.stat().st_size - _TAIL_BYTES))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-_TAIL_LINES:])
