"""Responses that a golden judge has judged, one a row: what scorers score and tables are made of.

In: `Published` files. Out: `Outputs`, golden rewards of their rows, and `Scores`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from proxyreward.data.seeds import generator
from proxyreward.data.transcripts import single
from proxyreward.evaluation.scores import Scores
from proxyreward.findings.real.real_outputs.published import Published

GOLDEN = "golden judge"
CLIP = 1e-6
"""Nearest to 0 or 1 that a chance to win is taken; single precision tells little below."""


@dataclass(frozen=True)
class Outputs:
    """Responses with a verdict of the first judge; the rows of a prompt lie together.

    Their order within a prompt is random: the files list models by name, and neighbours in that
    list are often relatives.

    Attributes
    ----------
    datasets, prompts : (prompts,) subset and text; a text is a transcript that awaits a response.
    models, judges : names; the models are those that the golden judge has judged.
    prompt, model : (rows,) numbers.
    texts : (rows,) responses, some of them empty.
    preference : (judges, rows) from 1 to 2, NaN where a judge was not asked; of the first never.
    constant : (rows,) whether the model gives one text to every prompt.
    missing : models times prompts without a response, which have no row.
    """

    datasets: np.ndarray
    prompts: list[str]
    models: tuple[str, ...]
    judges: tuple[str, ...]
    prompt: np.ndarray
    model: np.ndarray
    texts: list[str]
    preference: np.ndarray
    constant: np.ndarray
    missing: int

    @property
    def length(self) -> np.ndarray:
        """Characters of each response, (rows,)."""
        return np.array(list(map(len, self.texts)), float)


def judged(published: Published, seed: int) -> Outputs:
    """The responses that the first judge has judged."""
    golden = published.preference[0]
    models = np.flatnonzero(~np.isnan(golden).all(axis=0))
    texts = published.texts[:, models]
    rng = generator("order of responses", seed)
    order = rng.permuted(np.broadcast_to(np.arange(len(models)), texts.shape), axis=1)
    prompt, place = np.nonzero(_known(golden[:, models], texts, order))
    model = order[prompt, place]
    same = np.array([len(set(column)) == 1 for column in texts.T])
    return Outputs(
        datasets=np.array(published.datasets),
        prompts=list(map(single, published.prompts)),
        models=tuple(published.models[number] for number in models),
        judges=published.judges,
        prompt=prompt,
        model=model,
        texts=texts[prompt, model].tolist(),
        preference=published.preference[:, prompt, models[model]],
        constant=same[model],
        missing=texts.size - len(prompt),
    )


def _known(golden: np.ndarray, texts: np.ndarray, order: np.ndarray) -> np.ndarray:
    known = ~np.isnan(golden) & (texts != None)  # noqa: E711, element by element
    return np.take_along_axis(known, order, axis=1)


def win_rate(preference: np.ndarray) -> np.ndarray:
    """Chance to win against the baseline, from 0 to 1."""
    return preference - 1


def log_odds(preference: np.ndarray, clip: float = CLIP) -> np.ndarray:
    r"""Log-odds to win, :math:`\log \frac{p - 1}{2 - p}`, the chance taken from `clip` to 1 less
    it."""
    chance = win_rate(preference).clip(clip, 1 - clip)
    return np.log(chance / (1 - chance))


def table(
    outputs: Outputs,
    golden: np.ndarray,
    proxies: Mapping[str, np.ndarray],
    kept: np.ndarray | None = None,
) -> Scores:
    """Scores of the kept rows (without those of constant models if None) by all, golden first."""
    rows = np.flatnonzero(~outputs.constant if kept is None else kept)
    prompt = outputs.prompt[rows]
    numbers, first, renumbered = np.unique(prompt, return_index=True, return_inverse=True)
    return Scores(
        models=(GOLDEN, *proxies),
        values=np.stack([golden, *proxies.values()])[:, rows],
        prompt=renumbered,
        prompt_ids=numbers.astype(str),
        response_ids=np.array(outputs.models)[outputs.model[rows]],
        position=np.arange(len(rows)) - first[renumbered],
        goldens=(GOLDEN,),
        category=outputs.datasets[numbers],
        length=outputs.length[rows],
    )


def by_prompt(scores: Scores, groups: np.ndarray) -> Scores:
    """Scores whose prompts are divided: rows of one prompt and one of `groups` (rows,) belong
    together, and intervals stay over prompts."""
    both = scores.prompt * (groups.max() + 1) + groups
    order = np.argsort(both, kind="stable")
    numbers, first, renumbered = np.unique(both[order], return_index=True, return_inverse=True)
    parent = numbers // (groups.max() + 1)
    return dataclasses.replace(
        scores,
        values=scores.values[:, order],
        prompt=renumbered,
        prompt_ids=numbers.astype(str),
        response_ids=scores.response_ids[order],
        position=np.arange(len(order)) - first[renumbered],
        category=scores.category[parent],
        cluster=scores.prompt_ids[parent],
        length=scores.length[order],
    )
