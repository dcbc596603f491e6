"""What messages share: text that is safe to print, and a place for tracebacks.

In: texts and exceptions. Out: texts that a terminal shows as they are, and files. Imports nothing
of this package but `files`.
"""

import contextlib
import os
import tempfile
import traceback
from pathlib import Path

from proxyreward.files import write_whole


def visible(text: str, keep: str = "") -> str:
    """Text with escapes for what a terminal would obey or could not show, less the signs kept."""
    if text.isprintable():
        return text
    return "".join(
        sign
        if sign.isprintable() or sign in keep
        else sign.encode("unicode_escape").decode("ascii")
        for sign in text
    )


def keep_traceback(error: Exception, name: str, folder: Path | None = None) -> Path:
    """Write the traceback of an error to ``folder/<name>.txt`` and return where it stands.

    Without a folder, or where that cannot be written, it goes to a temporary file.
    """
    text = "".join(traceback.format_exception(error))
    text = text.encode("utf-8", "backslashreplace").decode()
    if folder is not None:
        with contextlib.suppress(OSError):  # a full disk, a read-only project
            write_whole(folder / f"{name}.txt", text)
            return folder / f"{name}.txt"
    number, path = tempfile.mkstemp(prefix=f"proxyreward-{name}-", suffix=".txt")
    with os.fdopen(number, "w", encoding="utf-8") as stream:
        stream.write(text)
    return Path(path)
