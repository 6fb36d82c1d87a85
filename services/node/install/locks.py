"""One set-up at a time: a second one waits for the first instead of writing into the same folder.

The kernel drops the lock with the last process that holds it, so a killed set-up never blocks the next. Programs that
were started under the lock share it (`run_command` passes it on): a pip that outlives a killed set-up goes on writing,
and the next set-up has to wait for that too.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.node.install.messages import say


@contextmanager
def exclusive(lock_file: Path) -> Iterator[None]:
    """Hold LOCK_FILE for the block; the file stays, since removing it would let two holders in.

    Raises OSError where the folder cannot be written.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is running, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        os.set_inheritable(handle.fileno(), True)
        yield
