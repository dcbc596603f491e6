"""Loader for the published format of ``openai/summarize_from_feedback``, part ``comparisons``.

A record holds ``info`` (a Reddit ``post`` with title and subreddit, or a news ``article`` with
title), two ``summaries`` and the ``choice`` between them, 0 or 1. The prompt asks for a summary of
the text; there are no ties. Its own field ``split`` says where a record belongs: ``train`` is the
train split, ``valid1`` (seen when models were selected) and ``valid2`` are the validation split of
the hub, which stands in for the test split as in paper *more*. Records of the other split are
passed over and counted. In: a published file (``comparisons/batch3.json`` and others, one record a
line) or a hub name. Out: pairs, whose ``meta`` holds the post's id, the policies that wrote chosen
and rejected, the annotator's confidence (1 to 9, or None), batch and split; and a report.

Source: Stiennon et al. 2020, https://github.com/openai/summarize-from-feedback.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from proxyreward.data import fields, jsonl, transcripts
from proxyreward.data.collect import Opened
from proxyreward.data.comparison import Comparison, Passed
from proxyreward.data.records import PARQUET, from_file, from_hub, no_subset
from proxyreward.data.report import RecordError

SPLIT_OF = {"train": "train", "valid1": "test", "valid2": "test"}
HUB_SPLIT = {"train": "train", "test": "validation"}


def opened(source: str, name: str, subset: str | None, split: str) -> Opened:
    """Open records; arguments as in :func:`proxyreward.data.load.load_pairs`."""
    no_subset("summarize", subset)
    if source == "hub":
        file, records = from_hub(name, "comparisons", HUB_SPLIT[split], PARQUET)
    else:
        file, records = from_file(name, split, _lines, jsonl.parse)
    return Opened(records, partial(comparisons, split=split), "summarize", file, "summarize")


def comparisons(record: Mapping[str, Any], split: str) -> Iterator[Comparison | Passed]:
    """The one comparison of a record, or Passed if it belongs to the other split.

    Raises
    ------
    RecordError
        With the reason and the field at fault.
    """
    part = fields.text(record, "split")
    if part not in SPLIT_OF:
        raise RecordError("unknown_split", "split")
    if SPLIT_OF[part] != split:
        yield Passed("other_split", SPLIT_OF[part])
        return
    prompt = transcripts.single(_request(record))
    fields.two(record, "summaries")
    summaries = [fields.turn(record, "summaries", side, "text") for side in (0, 1)]
    choice = fields.value(record, "choice")
    if type(choice) is not int or choice not in (0, 1):
        raise RecordError("bad_choice", "choice")
    order = (choice, 1 - choice)
    meta = {
        "post": fields.optional(record, "info", "id"),
        "policies": [fields.optional(record, "summaries", side, "policy") for side in order],
        "confidence": _confidence(record),
        "batch": fields.optional(record, "batch"),
        "split": part,
    }
    yield Comparison(prompt, *(summaries[side] for side in order), meta)


def _confidence(record: Mapping[str, Any]) -> float | None:
    if fields.optional(record, "extra", "confidence") is None:
        return None
    return fields.number(record, "extra", "confidence", low=1, high=9)


def _request(record: Mapping[str, Any]) -> str:
    """What annotators saw of the post or article, below a request to summarise it."""
    info = fields.mapping(record, "info")
    kind = "article" if info.get("post") is None and info.get("article") is not None else "post"
    lines = [f"Summarise this {kind} in a few sentences."]
    for field in ("subreddit", "title"):
        if info.get(field) is not None:
            lines.append(f"{field.capitalize()}: {fields.turn(record, 'info', field)}")
    return "\n".join([*lines, f"{kind.capitalize()}: {fields.request(record, 'info', kind)}"])


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    # The files are published as .json though each line is a record of its own.
    return jsonl.lines(path, jsonl.SUFFIXES + jsonl.ARRAY_SUFFIXES)
