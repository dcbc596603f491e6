"""Load preference pairs in a public format, from disk or from the hub.

In: the data settings of the pipeline. Out: a frame of pairs and a report. Another public format is
one more module with an ``opened`` and one more line in ``FORMATS``.
"""

import difflib
from collections.abc import Iterable

import pandas as pd

from proxyreward.data import dsp, hh, oasst, pandalm, squality, summarize, webgpt
from proxyreward.data.collect import Opened, collect
from proxyreward.data.pairs import to_frame, validate
from proxyreward.data.records import SPLITS
from proxyreward.data.report import DataError, LoadReport

FORMATS = {
    "dsp": dsp.opened,
    "hh": hh.opened,
    "oasst": oasst.opened,
    "pandalm": pandalm.opened,
    "squality": squality.opened,
    "summarize": summarize.opened,
    "webgpt": webgpt.opened,
}
SOURCES = ("local", "hub")


def load_pairs(
    source: str,
    name: str | None,
    subset: str | None,
    split: str,
    max_records: int | None,
    data_format: str = "hh",
    source_name: str | None = None,
) -> tuple[pd.DataFrame, LoadReport]:
    """Load pairs and report what was kept and rejected.

    Parameters
    ----------
    source : "local" (``name`` is a file or folder) or "hub" (``name`` is a hub data set).
    subset : part of the data set; None for a single file, or for all parts of a hub data set.
        Formats ``hh`` (``helpful-base``, …) and ``oasst`` (a language) have subsets.
    split : "train" or "test". A local file is taken to be the split asked for unless its name
        or its records say otherwise.
    max_records : stop once so many records are kept; None reads all.
    data_format : key of ``FORMATS``.
    source_name : value of the column ``source``; None keeps the name that the loader gives.

    Raises
    ------
    DataError
        For an unknown setting (naming the nearest known one), an unreadable file, or when no
        record can be used.
    """
    if max_records is not None and max_records < 1:
        raise DataError(f"max_records is {max_records}; give 1 or more, or null for all records")
    pairs, report = collect(open_pairs(source, name, subset, split, data_format), max_records)
    if not pairs:
        raise DataError(f"no record can be used. {'. '.join(report.lines(1))}")
    frame = to_frame(pairs)
    if source_name is not None:
        frame["source"] = source_name
    validate(frame, report.file)
    return frame, report


def open_pairs(
    source: str, name: str | None, subset: str | None, split: str, data_format: str
) -> Opened:
    """Open the records without reading them; parameters and errors as of :func:`load_pairs`."""
    _check("data_format", data_format, FORMATS)
    _check("source", source, SOURCES)
    _check("split", split, SPLITS)
    if not name:
        raise DataError(f"data.name is empty; with source {source!r} give a path or a hub name")
    return FORMATS[data_format](source, name, subset, split)


def _check(field: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        nearest = difflib.get_close_matches(value, known, n=1, cutoff=0.0)[0]
        raise DataError(
            f"{field} {value!r} is unknown; did you mean {nearest!r}? Known are {', '.join(known)}"
        )
