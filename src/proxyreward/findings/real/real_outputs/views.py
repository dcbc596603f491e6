"""The same responses seen in several ways: other golden rewards, equal length, without writers.

In: `Outputs` and the scores of proxies. Out: `Scores` by name of the view.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from proxyreward.evaluation.scores import Scores
from proxyreward.findings.real.real_outputs.outputs import (
    GOLDEN,
    Outputs,
    by_prompt,
    log_odds,
    table,
    win_rate,
)
from proxyreward.metrics.pairs import ratio

MAIN, CLIPPED, WIN = "log-odds", "log-odds, clipped at 0.001", "win rate"
CONSTANT = "with the constant model"
LENGTH_OUT, EQUAL, WRITERS_OUT = "length taken out", "equal length", "writers taken out"
WRITER = "writer"
"""The proxy that knows who wrote a response and has not read it."""
PARTS = 3


def every(outputs: Outputs, proxies: Mapping[str, np.ndarray]) -> dict[str, Scores]:
    """Scores of the proxies and of the `WRITER` under each golden reward or selection.

    ``log-odds`` is what the page is about: the first judge's log-odds, without models that give one
    text to every prompt. Two others take the judge's verdict in other units, one has all models.
    ``length taken out`` has :func:`length_free` golden rewards, ``equal length`` the responses of a
    prompt in thirds by length, ``writers taken out`` golden and proxies by :func:`writers_out`, the
    `WRITER` not among them: nothing is left of it.
    """
    preference = outputs.preference[0]
    golden = log_odds(preference)
    proxies = {**proxies, WRITER: writer(golden, outputs.prompt, outputs.model)}
    main = table(outputs, golden, proxies)
    free = dataclasses.replace(main, values=main.values.copy())
    free.values[0] = length_free(main)
    return {
        MAIN: main,
        CLIPPED: table(outputs, log_odds(preference, 1e-3), proxies),
        WIN: table(outputs, win_rate(preference), proxies),
        CONSTANT: table(outputs, golden, proxies, np.full(len(golden), True)),
        LENGTH_OUT: free,
        EQUAL: by_prompt(main, thirds(main)),
        WRITERS_OUT: dataclasses.replace(
            main, models=main.models[:-1], values=writers_out(main)[:-1]
        ),
    }


def of_judges(outputs: Outputs, proxies: Mapping[str, np.ndarray]) -> dict[str, Scores]:
    """For each further judge that judged two models at least: these responses, and it as proxy."""
    found = {}
    for name, verdicts in zip(outputs.judges[1:], outputs.preference[1:], strict=True):
        kept = ~np.isnan(verdicts) & ~outputs.constant
        if len(set(outputs.model[kept])) > 1:
            every = {name: verdicts, **proxies}
            found[name] = table(outputs, log_odds(outputs.preference[0]), every, kept)
    return found


def length_free(scores: Scores) -> np.ndarray:
    r"""Golden rewards (rows,) less their least-squares line on log(1 + characters), prompt by
    prompt, :math:`r^* - b_p (x - \bar x_p)`; of equal lengths, as they are."""
    golden, x = scores.of(GOLDEN), centred(np.log1p(scores.length), scores.prompt)
    square = np.bincount(scores.prompt, x * x)
    slope = np.nan_to_num(ratio(np.bincount(scores.prompt, x * golden), square))
    return golden - slope[scores.prompt] * x


def thirds(scores: Scores) -> np.ndarray:
    """0 for the shortest third of a prompt's responses, 2 for the longest, (rows,)."""
    order = np.lexsort((scores.length, scores.prompt))
    counts = np.bincount(scores.prompt)
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rank * PARTS // counts[scores.prompt]


def writers_out(scores: Scores) -> np.ndarray:
    """Scores (models, rows) less the :func:`effects` of who wrote the response."""
    writers = np.unique(scores.response_ids, return_inverse=True)[1]
    found = [values - effects(values, scores.prompt, writers)[writers] for values in scores.values]
    return np.stack(found)


def effects(values: np.ndarray, prompt: np.ndarray, writers: np.ndarray) -> np.ndarray:
    """Mean over prompts of what a writer's response has above the mean of the prompt."""
    return np.bincount(writers, centred(values, prompt)) / np.bincount(writers)


def writer(golden: np.ndarray, prompt: np.ndarray, writers: np.ndarray) -> np.ndarray:
    """For each row the :func:`effects` of its writer on all other prompts."""
    away, count = centred(golden, prompt), np.bincount(writers)[writers]
    return (np.bincount(writers, away)[writers] - away) / np.maximum(count - 1, 1)


def centred(values: np.ndarray, prompt: np.ndarray) -> np.ndarray:
    """Values (rows,) less the mean of their prompt."""
    return values - (np.bincount(prompt, values) / np.bincount(prompt))[prompt]
