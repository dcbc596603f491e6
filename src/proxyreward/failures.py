"""How a command says that it failed: in one line that a terminal can show.

In: exceptions and texts.  Out: lines with a remedy.
"""

import contextlib
import errno
import os
import sys

from proxyreward.book import BookError
from proxyreward.data.report import DataError
from proxyreward.messages import keep_traceback, visible
from proxyreward.notebooks.places import NotFound
from proxyreward.notebooks.runner import NotebookFailed
from proxyreward.pipeline.typed import ConfigError

_REMEDIES = {
    **dict.fromkeys(
        (errno.EROFS, errno.EACCES, errno.EPERM),
        "make it writable, or work in a copy of the project",
    ),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space and run it again"),
}


def told(error: Exception) -> str:
    """Return one visible line about `error`; of an unexpected one, the traceback goes to a file.

    Only the problems of a book are listed in lines of their own.
    """
    if isinstance(error, BookError):
        return visible(str(error), keep="\n")
    if isinstance(error, ConfigError | DataError | NotFound | NotebookFailed):
        text = str(error)
    elif isinstance(error, OSError) and error.strerror:
        remedy = _REMEDIES.get(error.errno, "mend that and run it again")
        text = f"{error.filename or 'the output'}: {error.strerror}. Remedy: {remedy}"
    else:
        text = f"{type(error).__name__}: {str(error)[:300]}. This was not expected. "
        text += "Remedy: report it"
        with contextlib.suppress(OSError):
            text += f" with the traceback in {keep_traceback(error, 'command')}"
    return visible(" ".join(text.splitlines()))


def settle_output() -> None:
    """Write out what was printed; drop what cannot be, lest Python complains at its end."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
