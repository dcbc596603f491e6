"""What a table of scores holds and what it is good for, before anything is computed.

In: paths of files. Out: text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from proxyreward.evaluation.reading import Options, read
from proxyreward.evaluation.result import Input
from proxyreward.evaluation.scores import RATERS, Scores
from proxyreward.messages import visible

SHOWN = 30
EVERY = "takes every model for golden in turn"


def check(paths: Sequence[Path], options: Options) -> str:
    """Format, counts, what the files support, what is missing and how to get it; a line each.

    Raises
    ------
    DataError
        If the files cannot be read.
    """
    scores, found = read(paths, options)
    lines = [
        *_counts(scores, found),
        *(f"note        {note.kind}: {note.message}" for note in found.notes),
        *(f"supported   {what}" for what in _supported(scores)),
        *(f"missing     {what}" for what in _missing(scores)),
    ]
    return "\n".join(visible(line) for line in lines)


def _counts(scores: Scores, found: Input) -> list[str]:
    least, median, most = found.per_prompt
    shown = [f"{name} ({share:.0%})" for name, share in zip(scores.models, _shares(scores))]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return [
        f"files       {', '.join(found.files)}",
        f"format      {found.format}",
        f"rows        {found.rows}",
        f"prompts     {found.prompts}",
        f"responses   {found.responses}; {least:g} to {most:g} a prompt, median {median:g}",
        f"models      {len(shown)} (share of responses scored): {', '.join(shown[:SHOWN])}{more}",
        f"golden      {', '.join(scores.goldens) or f'none; {EVERY}'}",
        f"raters      {'none' if scores.raters is None else len(scores.raters)}",
        f"categories  {_groups(scores.category)}",
        f"clusters    {_groups(scores.cluster)}",
        f"lengths     {'unknown' if scores.length is None else _known(scores.length)}",
    ]


def _shares(scores: Scores) -> np.ndarray:
    return 1 - np.isnan(scores.values).mean(axis=1)


def _groups(group: np.ndarray | None) -> str:
    return "none" if group is None else str(len(set(group)))


def _known(length: np.ndarray) -> str:
    return f"of {1 - np.isnan(length).mean():.0%} of the responses"


def _supported(scores: Scores) -> list[str]:
    counts = np.bincount(scores.prompt)
    found = []
    if len(scores.models) > 1 and (counts > 1).any():
        found.append("accuracy, metrics within prompts, calibration, tiers of models")
    if len(scores.models) > 1 and (counts > 2).any():
        found.append("best-of-n curves and regret for every n up to what most prompts have")
    if scores.raters is not None:
        found.append(f"the ceiling of `{RATERS}`, from split halves of raters")
    if scores.category is not None:
        found.append("the worst category of each model")
    if scores.length is not None:
        found.append("null scorers by length, and length correlation")
    return [*found, "symptoms of faults in the scores"]


def _missing(scores: Scores) -> list[str]:
    counts = np.bincount(scores.prompt)
    gaps = {
        "a second model: add its scores": len(scores.models) < 2,
        "prompts with several responses: sample more": not (counts > 1).any(),
        "prompts with more than two responses: sample more, for curves and regret": not (
            counts > 2
        ).any(),
        "a golden label: name a model with --golden, or give a file with --golden-file": (
            not scores.goldens
        ),
        "several raters: add a column `rater` to the golden scores, for the ceiling": (
            scores.raters is None
        ),
        "categories: add a column `category`, or name one with --category": (
            scores.category is None
        ),
        "lengths: add a column `length`, or `response` with the text": scores.length is None,
    }
    return [what for what, lacking in gaps.items() if lacking]
