"""How a command says that it failed: in one line that a terminal can show.

In: exceptions and texts.  Out: lines with a remedy.
"""

import contextlib
import errno
import os
import sys
import tempfile
import traceback
import unicodedata

from proxyreward.book import BookError
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
# Signs that a terminal obeys instead of showing them, and halves of broken characters.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def told(error: Exception) -> str:
    """Return one line about `error`; of an unexpected one, the traceback goes to a file.

    Only the problems of a book are listed in lines of their own.
    """
    if isinstance(error, BookError):
        return str(error)
    if isinstance(error, ConfigError | NotFound | NotebookFailed):
        text = str(error)
    elif isinstance(error, OSError) and error.strerror:
        remedy = _REMEDIES.get(error.errno, "mend that and run it again")
        text = f"{error.filename or 'the output'}: {error.strerror}. Remedy: {remedy}"
    else:
        text = f"{type(error).__name__}: {str(error)[:300]}{_traceback(error)}"
    return " ".join(text.splitlines())


def visible(text: str) -> str:
    """Return `text` with escapes for what a terminal would obey, or could not show."""
    return "".join(
        sign.encode("unicode_escape").decode()
        if unicodedata.category(sign) in _UNSEEN and sign != "\n"
        else sign
        for sign in text
    )


def settle_output() -> None:
    """Write out what was printed; drop what cannot be, lest Python complains at its end."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _traceback(error: Exception) -> str:
    with contextlib.suppress(OSError):
        handle, path = tempfile.mkstemp(prefix="proxyreward-", suffix=".txt")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write("".join(traceback.format_exception(error)))
        return f". This was not expected. Remedy: report it with the traceback in {path}"
    return ". This was not expected. Remedy: report it"
