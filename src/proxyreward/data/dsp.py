"""Loader for the text-score files of DSP, which hold other preference sources in one format.

A file is one JSON array; an entry holds ``text``, two whole transcripts that share everything
before the final response, and ``score``, a number for each; the higher is preferred and equal
scores are a tie, which is rejected. Turns begin with the markers of HH, or with ``## Human:`` and
``## Assistant:``, which become those of HH. In: a file named like ``helpful.test.json[.gz]``. Out:
pairs, whose source is the first part of the file's name and whose ``meta`` holds ``grade``, the
difference of the scores; and a report.

Source: Cheng et al. 2023, https://github.com/Linear95/DSP; the data of paper *more* have the same
format.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from proxyreward.data import fields, hh, jsonl, transcripts
from proxyreward.data.collect import Opened
from proxyreward.data.comparison import Comparison, preferred
from proxyreward.data.records import from_file, no_subset, only_local
from proxyreward.data.report import RecordError
from proxyreward.messages import visible

_MARKER = re.compile(r"(?:^|\n\n)## (Human|Assistant):\n")


def opened(source: str, name: str, subset: str | None, split: str) -> Opened:
    """Open records; arguments as in :func:`proxyreward.data.load.load_pairs`."""
    only_local("dsp", source, "github.com/Linear95/DSP")
    no_subset("dsp", subset)
    file, records = from_file(name, split, jsonl.entries, jsonl.as_object)
    return Opened(records, comparisons, "dsp", file, visible(Path(name).name.split(".")[0]))


def comparisons(record: Mapping[str, Any]) -> Iterator[Comparison]:
    """The one comparison of an entry.

    Raises
    ------
    RecordError
        With the reason and the field at fault; ``tie`` if neither response is preferred.
    """
    fields.two(record, "text")
    fields.two(record, "score")
    (prompt, first), (other, second) = (_halves(record, side) for side in (0, 1))
    if prompt != other:
        raise RecordError("contexts_differ", "text.1")
    scores = [fields.number(record, "score", side) for side in (0, 1)]
    best = preferred(*scores, field="score")
    chosen, rejected = (first, second) if best == 0 else (second, first)
    yield Comparison(prompt, chosen, rejected, {"grade": abs(scores[0] - scores[1])})


def _halves(record: Mapping[str, Any], side: int) -> tuple[str, str]:
    transcript, field = fields.text(record, "text", side), f"text.{side}"
    if transcripts.hides_markers(transcript, _MARKER):
        raise RecordError("carriage_returns", field)
    if not _MARKER.match(transcript):
        return hh.halves(transcript, field)
    plain = transcripts.unix(transcript)
    if transcripts.HUMAN in plain or transcripts.ASSISTANT in plain:
        raise RecordError("turn_marker", field)
    prompt, response = hh.halves(_MARKER.sub(r"\n\n\1: ", transcript), field)
    return transcripts.render(transcripts.turns(prompt)), response
