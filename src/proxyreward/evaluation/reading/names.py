"""Columns by other names: what a reader's column is called here.

In: the columns of a table. Out: those that are probably ones of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection

SCORERS = ("rm", "reward_model", "scorer", "model_name", "evaluator", "grader")
OTHER_NAMES = {
    "prompt_id": ("question_id", "instance_id", "doc_id", "id", "pid", "prompt", "question"),
    "response_id": (
        *("completion_id", "answer_id", "output_id", "candidate_id"),
        *("response", "completion", "answer", "output"),
    ),
    "model": (*SCORERS, "judge"),
    "judge": (*SCORERS, "model"),
    "rater": ("annotator", "labeler", "labeller"),
    "score": ("reward", "rating", "value"),
    "response_a": ("model_a", "model_1", "completion_a", "answer_a"),
    "response_b": ("model_b", "model_2", "completion_b", "answer_b"),
    "winner": ("verdict", "preference"),
}
"""By which public files call these columns, the likeliest first."""


def other_name(column: str, given: Collection[str], alike: bool = False) -> str | None:
    """Which of the given columns is this one by another name or in other letters, if any is.

    Parameters
    ----------
    alike
        Whether a name may also be one that is merely spelt alike.
    """
    spelt = {_spelt(name): name for name in given}
    known = [name for name in (column, *OTHER_NAMES[column]) if name in spelt]
    if alike:
        known += difflib.get_close_matches(column, spelt, n=1, cutoff=0.8)
    return spelt[known[0]] if known else None


def _spelt(name: str) -> str:
    return name.casefold().replace(" ", "_").replace("-", "_")
