"""Loader for the published format of ``openai/webgpt_comparisons``.

A record holds a question, two answers and a score for each, from -1 to 1 with sum 0: the sign says
which answer people prefer, the size how strongly, and 0 is a tie, which is rejected. On the hub a
row has the fields ``question.full_text``, ``answer_0``, ``score_0``, ``answer_1``, ``score_1``; in
the published file ``comparisons.jsonl`` a line is a list of two objects with ``question``,
``answer`` and ``score``, and both must name the same question. Both are read. In: a
``.jsonl[.gz]`` file or a hub name. Out: pairs, whose ``meta`` holds the question's id and
``grade``, the difference of the scores; and a report.

Source: Nakano et al. 2021, appendix K.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from proxyreward.data import fields, jsonl, transcripts
from proxyreward.data.collect import Opened
from proxyreward.data.comparison import Comparison, preferred
from proxyreward.data.records import PARQUET, from_file, from_hub, no_subset
from proxyreward.data.report import DataError, RecordError

ROUNDING = 1e-6
"""How far the sum of two scores may be from 0."""


def opened(source: str, name: str, subset: str | None, split: str) -> Opened:
    """Open records; arguments as in :func:`proxyreward.data.load.load_pairs`.

    The hub has one split, ``train``.
    """
    no_subset("webgpt", subset)
    if source == "hub":
        if split != "train":
            raise DataError(
                f"{name} is published without a {split!r} split; load 'train' and hold out some "
                "of its prompts"
            )
        file, records = from_hub(name, "default", split, PARQUET)
    else:
        file, records = from_file(name, split, jsonl.lines, parse)
    return Opened(records, comparisons, "webgpt", file, "webgpt")


def comparisons(row: Mapping[str, Any]) -> Iterator[Comparison]:
    """The one comparison of a row.

    Raises
    ------
    RecordError
        With the reason and the field at fault; ``tie`` if neither answer is preferred.
    """
    prompt = transcripts.single(fields.request(row, "question", "full_text"))
    answers = [fields.turn(row, f"answer_{side}") for side in (0, 1)]
    scores = [fields.number(row, f"score_{side}", low=-1, high=1) for side in (0, 1)]
    if abs(sum(scores)) > ROUNDING:
        raise RecordError("not_opposite", "score_1")
    best = preferred(*scores, field="score_0")
    meta = {"question": fields.optional(row, "question", "id"), "grade": abs(scores[0] - scores[1])}
    yield Comparison(prompt, answers[best], answers[1 - best], meta)


def parse(raw: bytes) -> dict[str, Any]:
    """One line of a file as a row of the hub.

    Raises
    ------
    RecordError
        With the reason and, where there is one, the field at fault.
    """
    record = jsonl.decode(raw)
    if not isinstance(record, list):
        return jsonl.as_object(record)
    if len(record) != 2:
        raise RecordError("not_two")
    sides = {
        f"{field}_{side}": fields.value(record, side, field)
        for side in (0, 1)
        for field in ("answer", "score")
    }
    for part in ("full_text", "id"):
        first, second = (fields.plain(record, side, "question", part) for side in (0, 1))
        if first != second:
            raise RecordError("contexts_differ", f"1.question.{part}")
    return {"question": fields.value(record, 0, "question"), **sides}
