"""What RewardBench writes, as scores.

In: a `Source`, one of

- JSON lines of its command line (``MODEL_outputs.jsonl``): ``scores_chosen``, ``scores_rejected``,
  ``text_chosen``, ``text_rejected``, ``prompt`` and columns of the data set, such as ``subset``;
- one JSON object of its scripts, with a list for each of these columns, and ``model`` and ``id``;
- the same of its second version: ``scores`` of several responses, of which the first
  ``num_correct`` are right.

Out: a `Table` whose responses are called ``chosen``, ``rejected``, or, if there are several,
``chosen-1``, … The prompt is ``id``, with the subset in front where subsets share ids, or the
number of the record. The model `CHOSEN` gives 1 to what is chosen and 0 to what is rejected.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

from proxyreward.evaluation.reading.files import Source
from proxyreward.evaluation.reading.table import Groups, Table, Types, coded
from proxyreward.metrics.checks import LARGEST

CHOSEN = "chosen"
"""The model that is the benchmark's own label."""
SIDES = ("chosen", "rejected")
TOGETHER = ("scores", "num_correct")
SUBSETS = ("subset", "subsets")
ENDINGS = ("_outputs", "_all")
USED = {"model", "id", "prompt", "results", "scores", "num_correct", "num_incorrect", "text",
        "scores_chosen", "scores_rejected", "text_chosen", "text_rejected", *SUBSETS}  # fmt: skip


class Side(NamedTuple):
    """Responses of one record, all chosen or all rejected."""

    name: str
    scores: list[float | None]
    lengths: list[float | None]


def rewardbench(source: Source, groups: Groups, kinds: Types) -> Table:
    """A row for each response, and one for its label."""
    records = list(source.records())
    prompts = _prompts(source, records)
    rows: dict[str, list[Any]] = {name: [] for name in ("row", "prompt_id", "response_id", "model")}
    rows |= {name: [] for name in ("score", "length", *groups.columns())}
    stem = source.path.name.removesuffix(".gz").rsplit(".", 1)[0]
    for ending in ENDINGS:
        stem = stem.removesuffix(ending)
    for (row, record), prompt in zip(records, prompts):
        model = record.get("model", stem)
        if not isinstance(model, str) or not model.strip():
            raise source.fault(row, "model", "is no text", "write the model's name")
        belongs = {n: _word(source, row, record, c) for n, c in groups.columns().items()}
        for side in _sides(source, row, record):
            for k, (score, length) in enumerate(zip(side.scores, side.lengths), start=1):
                response = side.name if len(side.scores) == 1 else f"{side.name}-{k}"
                both = {model.strip(): score, CHOSEN: float(side.name == CHOSEN)}
                for name, value in both.items():
                    values = (row, prompt, response, name, value, length, *belongs.values())
                    for column, cell in zip(rows, values):
                        rows[column].append(cell)
    frame = coded(pl.DataFrame(rows, schema_overrides=_schema(rows)), kinds).collect()
    unused = tuple(
        name for name in source.types if name not in USED | set(groups.columns().values())
    )
    return Table(source, "rewardbench", frame, len(records), unused)


def _schema(rows: dict[str, list[Any]]) -> dict[str, Any]:
    numbers = {"row": pl.UInt32, "score": pl.Float64, "length": pl.Float64}
    return {name: numbers.get(name, pl.String) for name in rows}


def _prompts(source: Source, records: list[tuple[int, dict[str, Any]]]) -> list[str]:
    ids = [str(row) if "id" not in rec else _word(source, row, rec, "id") for row, rec in records]
    subset = next((name for name in SUBSETS if records and name in records[0][1]), None)
    if subset is None or len(set(ids)) == len(ids):
        return ids
    return [f"{_word(source, r, rec, subset)}/{one}" for (r, rec), one in zip(records, ids)]


def _word(source: Source, row: int, record: dict[str, Any], field: str) -> str:
    value = record.get(field)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise source.fault(row, field, "is neither text nor a whole number", "give one of them")
    return str(value).strip()


def _sides(source: Source, row: int, record: dict[str, Any]) -> Iterator[Side]:
    if "scores_chosen" in record:
        for name in SIDES:
            scores = _numbers(source, row, record, f"scores_{name}")
            yield Side(name, scores, _lengths(record.get(f"text_{name}"), len(scores)))
        return
    scores, right = _numbers(source, row, record, "scores"), record.get("num_correct")
    if isinstance(right, bool) or not isinstance(right, int) or not 0 <= right <= len(scores):
        what = f"is no number from 0 to {len(scores)}, how many scores there are"
        raise source.fault(row, "num_correct", what, "write how many of the first are right")
    lengths = _lengths(record.get("text"), len(scores))
    yield Side("chosen", scores[:right], lengths[:right])
    yield Side("rejected", scores[right:], lengths[right:])


def _numbers(source: Source, row: int, record: dict[str, Any], field: str) -> list[float | None]:
    """A number, a list of numbers, or a list of lists with one each."""
    if field not in record:
        raise source.fault(row, field, "is missing", "add it to the object")
    value = record[field]
    cells = value if isinstance(value, list) else [value]
    return [_number(source, row, field, cell) for cell in cells]


def _number(source: Source, row: int, field: str, cell: Any) -> float | None:
    while isinstance(cell, list) and len(cell) == 1:
        cell = cell[0]
    if isinstance(cell, list):
        what = f"holds {len(cell)} numbers for one response"
        raise source.fault(row, field, what, "give the one that ranks the responses")
    if cell is None or cell != cell:
        return None
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise source.fault(row, field, "is no number", "write a number, or null for none")
    if not abs(cell) <= LARGEST:
        what = f"is infinite or beyond {LARGEST:g}"
        raise source.fault(row, field, what, "compute the score again, or write null")
    return float(cell)


def _lengths(text: Any, count: int) -> list[float | None]:
    """Characters of each response; a conversation counts by its last message."""
    texts = [text] if count == 1 and not (isinstance(text, list) and len(text) == 1) else text
    if not isinstance(texts, list) or len(texts) != count:
        return [None] * count
    return [_characters(one) for one in texts]


def _characters(text: Any) -> float | None:
    if isinstance(text, list) and text and isinstance(text[-1], dict):
        text = text[-1].get("content")
    return float(len(text)) if isinstance(text, str) else None
