"""The files of a report, written as one.

In: an `Evaluation` and a folder. Out: the files; others in the folder are left as they are.
"""

from collections.abc import Iterable
from pathlib import Path

from proxyreward.data.report import DataError
from proxyreward.evaluation.report.markdown import markdown
from proxyreward.evaluation.report.page import page
from proxyreward.evaluation.report.tree import dump
from proxyreward.evaluation.result import SCHEMA, Evaluation
from proxyreward.files import writing
from proxyreward.people.tables import keep_apart

FILES = ("report.html", "evaluation.json", "report.md")
_MARK = SCHEMA.partition("/")[0].encode()  # in each of the files, whatever the number of the schema


def write(evaluation: Evaluation, folder: Path) -> None:
    """Write the page, the JSON and the Markdown of an evaluation; all of them or none.

    Raises
    ------
    DataError
        As :func:`apart`.
    """
    apart((), folder)
    texts = page(evaluation), dump(evaluation), markdown(evaluation)
    with writing(*(folder / name for name in FILES)) as streams:
        for stream, text in zip(streams, texts):
            stream.write(text)


def apart(read: Iterable[Path], folder: Path) -> None:
    """Refuse a folder in which a report would take the place of something else.

    Raises
    ------
    DataError
        If it holds a file that is read, or is itself read, or has a file of one of the names
        that no report wrote.
    """
    written = [folder / name for name in FILES]
    keep_apart(read, [folder, *written])
    for path in written:
        if path.exists() and not (path.is_file() and _MARK in path.read_bytes()):
            raise DataError(f"{path}: was not written by evaluate; give --out another folder")
