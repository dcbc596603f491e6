"""Loader for the test set of PandaLM: two answers of language models, judged by three people.

A file is one JSON array; an entry holds ``instruction``, ``input`` (often empty), ``response1``,
``response2``, ``cmp_key`` (the two models) and ``annotator1`` … ``annotator3``: 1 or 2 for the
response that this person prefers, 0 for a tie. As pairs, the response that more than half of the
people prefer is chosen (:func:`proxyreward.data.cleaning.winners`, 2 of 3: a tie is a vote for
nobody); where there is none, the record is rejected as a tie. The published file holds responses
that are no text (``true``), which are rejected, and empty ones, which are kept.

In: ``testset-v1.json[.gz]``. Out: pairs, whose ``meta`` holds ``labels`` (one of the three numbers
for each person, 1 standing for the chosen) and ``models``; and a report.

Source: Wang et al. 2024, https://github.com/WeOpenML/PandaLM, Apache-2.0.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from proxyreward.data import fields, jsonl, transcripts
from proxyreward.data.cleaning import winners
from proxyreward.data.collect import Opened
from proxyreward.data.comparison import Comparison
from proxyreward.data.records import from_file, no_subset, only_local
from proxyreward.data.report import RecordError

PEOPLE = ("annotator1", "annotator2", "annotator3")
TIE, FIRST, SECOND = 0, 1, 2


def opened(source: str, name: str, subset: str | None, split: str) -> Opened:
    """Open records; arguments as in :func:`proxyreward.data.load.load_pairs`."""
    only_local("pandalm", source, "github.com/WeOpenML/PandaLM")
    no_subset("pandalm", subset)
    file, records = from_file(name, split, jsonl.entries, jsonl.as_object)
    return Opened(records, comparisons, "pandalm", file, "pandalm")


def as_shown(record: Mapping[str, Any]) -> Iterator[Comparison]:
    """The two responses in the order of the file, whatever people say of them.

    The first takes the place of the chosen one; ``labels`` in ``meta`` tell what people prefer.

    Raises
    ------
    RecordError
        With the reason and the field at fault.
    """
    parts = [fields.turn(record, name) for name in ("instruction", "input")]
    if not any(parts):  # the published file has a blank instruction, with all of it in the input
        raise RecordError("empty_request", "instruction")
    prompt = transcripts.single("\n\n".join(filter(None, parts)))
    first, second = (fields.turn(record, name) for name in ("response1", "response2"))
    meta = {
        "labels": [_label(record, name) for name in PEOPLE],
        "models": fields.plain(record, "cmp_key"),
    }
    yield Comparison(prompt, first, second, meta)


def comparisons(record: Mapping[str, Any]) -> Iterator[Comparison]:
    """The one comparison of an entry; RecordErrors as of :func:`as_shown`, and ``tie``."""
    [(prompt, first, second, meta)] = as_shown(record)
    labels = np.array(meta["labels"])
    winner = winners(*((labels == label).sum(keepdims=True) for label in (FIRST, SECOND, TIE)))
    if not winner:
        raise RecordError("tie", PEOPLE[0])
    if winner > 0:
        yield Comparison(prompt, first, second, meta)
    else:
        turned = [(TIE, SECOND, FIRST)[label] for label in meta["labels"]]
        yield Comparison(prompt, second, first, meta | {"labels": turned})


def _label(record: Mapping[str, Any], name: str) -> int:
    label = fields.number(record, name, low=TIE, high=SECOND)
    if label != int(label):
        raise RecordError("bad_label", name)
    return int(label)
