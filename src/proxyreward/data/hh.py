"""Loader for the published format of ``Anthropic/hh-rlhf``.

A record is a JSON object with two whole transcripts, ``chosen`` and ``rejected``, that share
everything before the final Assistant turn. In: a ``.jsonl[.gz]`` file, a folder laid out like the
hub (``<subset>/<split>.jsonl.gz``) or a hub name. Out: pairs and a report.

Source: Bai et al. 2022, https://github.com/anthropics/hh-rlhf.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from proxyreward.data import fields, jsonl, transcripts
from proxyreward.data.collect import Opened
from proxyreward.data.comparison import Comparison
from proxyreward.data.records import from_file, from_hub
from proxyreward.data.report import DataError, RecordError

SUBSETS = ("harmless-base", "helpful-base", "helpful-online", "helpful-rejection-sampled")


def opened(source: str, name: str, subset: str | None, split: str) -> Opened:
    """Open records; arguments as in :func:`proxyreward.data.load.load_pairs`.

    On the hub, ``subset=None`` means what it means there: all subsets mixed.
    """
    _check_subset(subset)
    if source == "hub":
        file, records = from_hub(name, subset, split)
    else:
        path = find(Path(name), subset, split)
        folder = path.absolute().parent.name
        subset = subset or (folder if folder in SUBSETS else None)
        file, records = from_file(str(path), split, jsonl.lines, jsonl.parse)
    return Opened(records, comparisons, "hh", file, subset or "hh")


def find(path: Path, subset: str | None, split: str) -> Path:
    """Path of the file for a subset and split: ``path`` itself, or inside the folder ``path``.

    Raises
    ------
    DataError
        If nothing is there, naming what was looked for, or if a file's folder contradicts the
        subset asked for.
    """
    if not os.path.isdir(path):  # unlike its namesake of pathlib it never raises
        folder = path.absolute().parent.name
        if subset is not None and folder in SUBSETS and folder != subset:
            raise DataError(
                f"{path}: lies in {folder!r}, not in subset {subset!r}; correct one of them"
            )
        return path
    if subset is None:
        raise DataError(f"{path} is a folder; set data.subset to one of {', '.join(SUBSETS)}")
    wanted = [path / subset / f"{split}{suffix}" for suffix in reversed(jsonl.SUFFIXES)]
    for candidate in wanted:
        if os.path.lexists(candidate):  # what cannot be read is named by whoever reads it
            return candidate
    raise DataError(f"{path}: holds neither {' nor '.join(str(w) for w in wanted)}; download one")


def comparisons(record: Mapping[str, Any]) -> Iterator[Comparison]:
    """The one comparison of a record.

    Raises
    ------
    RecordError
        With the reason and the field at fault.
    """
    prompt, chosen = halves(fields.text(record, "chosen"), "chosen")
    other, rejected = halves(fields.text(record, "rejected"), "rejected")
    if prompt != other:
        raise RecordError("contexts_differ", "rejected")
    yield Comparison(prompt, chosen, rejected, {})


def halves(transcript: str, field: str) -> tuple[str, str]:
    """Split a transcript into ``(prompt, response)``.

    Raises
    ------
    RecordError
        If it breaks the format; ``field`` is the one at fault.
    """
    try:
        return transcripts.split(transcript)
    except transcripts.TranscriptError as error:
        raise RecordError(error.reason, field) from error


def _check_subset(subset: str | None) -> None:
    if subset == "red-team-attempts":
        raise DataError(
            "subset 'red-team-attempts' holds single rated transcripts, not preference pairs; "
            f"choose one of {', '.join(SUBSETS)}"
        )
    if subset is not None and subset not in SUBSETS:
        raise DataError(f"subset {subset!r} is unknown; choose one of {', '.join(SUBSETS)}")
