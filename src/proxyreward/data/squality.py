"""Loader for the human evaluation of SQuALITY: summaries of stories, ranked by reviewers.

A line holds one story; each of its questions has a summary by each of three writers (two models,
``bart`` and ``bart-dpr``, and a person, ``human``), and each summary the reviews of the same three
people, who give an overall rating from 0 to 100 and an overall rank. Each two summaries of a
question are one comparison, preferred by the mean of the overall ratings, as the publishers order
them; equal means are a tie, which is rejected. The person's summary is preferred to a model's in
all 200 comparisons of the published file, so ``meta`` names the writers for whoever wants to set
those aside.

The file holds neither story nor question, so the prompt only names them, and a reward model can
judge a summary by itself alone. This source stands in for that of
:mod:`proxyreward.data.summarize` where that cannot be had.

In: ``data/human-eval/all-responses.jsonl[.gz]``. Out: pairs, whose ``meta`` holds the writers of
chosen and rejected, ``grade`` (the difference of the mean ratings), the number of reviewers and
``votes``, how many of them rank chosen above rejected; and a report.

Source: Wang et al. 2022, https://github.com/nyu-mll/SQuALITY.
"""

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from proxyreward.data import fields, jsonl, transcripts
from proxyreward.data.collect import Opened
from proxyreward.data.comparison import Comparison, each_two, preferred
from proxyreward.data.records import from_file, no_subset, only_local
from proxyreward.data.report import RecordError


def opened(source: str, name: str, subset: str | None, split: str) -> Opened:
    """Open records; arguments as in :func:`proxyreward.data.load.load_pairs`."""
    only_local("squality", source, "github.com/nyu-mll/SQuALITY")
    no_subset("squality", subset)
    file, records = from_file(name, split, jsonl.lines, jsonl.parse)
    return Opened(records, comparisons, "squality", file, "squality")


def comparisons(record: Mapping[str, Any]) -> Iterator[Comparison | RecordError]:
    """All comparisons of a story.

    Raises
    ------
    RecordError
        If story or questions are absent.
    """
    story = fields.turn(record, "passage-id")
    for question in fields.mapping(record, "questions"):
        answers = fields.mapping(record, "questions", question)
        asked = fields.turn({"questions": question}, "questions")
        prompt = transcripts.single(
            f"Summarise story {story} of Project Gutenberg so that question {asked} is answered."
        )
        yield from each_two(list(answers), partial(_judged, answers), partial(_comparison, prompt))


class _Judged(NamedTuple):
    """A writer's summary, and the ratings and ranks that each reviewer gave it."""

    writer: str
    summary: str
    ratings: Mapping[str, float]
    ranks: Mapping[str, float]


def _judged(answers: Mapping[str, Any], writer: str) -> _Judged:
    summary = fields.turn(answers, writer, "response")
    reviews = fields.entries(answers, writer, "reviews")
    if not reviews:
        raise RecordError("no_reviews", f"{writer}.reviews")
    paths = [(writer, "reviews", i) for i in range(len(reviews))]
    people = [fields.text(answers, *path, "worker_id") for path in paths]
    if len(set(people)) < len(people):
        raise RecordError("duplicate_id", f"{writer}.reviews")
    ratings, ranks = (
        [fields.number(answers, *path, field, low=low, high=high) for path in paths]
        for field, low, high in (("overall-rating", 0, 100), ("overall-rank", 1, math.inf))
    )
    return _Judged(writer, summary, dict(zip(people, ratings)), dict(zip(people, ranks)))


def _comparison(prompt: str, *both: _Judged) -> Comparison:
    if both[0].ratings.keys() != both[1].ratings.keys():
        raise RecordError("reviewers_differ", f"{both[1].writer}.reviews")
    # Sums order as means do, for the reviewers are the same, and sums of whole numbers are exact.
    totals = [sum(one.ratings.values()) for one in both]
    best = preferred(*totals, field="overall-rating")
    chosen, rejected = both[best], both[1 - best]
    meta = {
        "writers": [chosen.writer, rejected.writer],
        "grade": abs(totals[0] - totals[1]) / len(chosen.ratings),
        "reviewers": len(chosen.ratings),
        "votes": sum(rank < rejected.ranks[who] for who, rank in chosen.ranks.items()),
    }
    return Comparison(prompt, chosen.summary, rejected.summary, meta)
