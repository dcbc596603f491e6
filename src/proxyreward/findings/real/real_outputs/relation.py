"""How accuracy and regret go together over proxies, and what of the golden reward is its writer's.

In: `Scores` by view. Out: correlations with intervals over proxies and over prompts; shares of
variance.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from proxyreward.evaluation import curves, within
from proxyreward.evaluation.sample import ratio
from proxyreward.evaluation.scores import Scores
from proxyreward.findings.core.quantity import LeftOut
from proxyreward.findings.real.real_outputs import views
from proxyreward.findings.real.real_outputs.outputs import GOLDEN
from proxyreward.metrics import pairs
from proxyreward.metrics.prediction import spearman

INTERVAL = ["estimate", "low", "high"]
BLOCKS = 50
"""Of prompts, each left out in turn."""
LEARNT = "reward models"
"""Proxies whose names begin with `RM`."""
ASKED = (
    views.MAIN,
    views.CLIPPED,
    views.WIN,
    views.CONSTANT,
    views.LENGTH_OUT,
    views.WRITERS_OUT,
)


def association(
    seen: Mapping[str, Scores], proxies: Sequence[str], n: int
) -> tuple[dict[str, LeftOut], pd.DataFrame]:
    """Spearman's correlation of accuracy with the NDR of best-of-n, over proxies.

    Quantities are named by view; of the main view also for reward models alone, and with the
    `views.WRITER` among the proxies.

    Returns
    -------
    The quantities with a proxy (the writer last) left out at a time, and a table ``quantity,
    proxies, estimate, low, high`` whose intervals leave out blocks of prompts.
    """
    every = (*proxies, views.WRITER)
    learnt = tuple(name for name in proxies if name.startswith("RM "))
    asked = [(view, view, tuple(proxies)) for view in ASKED]
    asked[1:1] = [
        (f"{views.MAIN}, {LEARNT}", views.MAIN, learnt),
        (f"{views.MAIN}, with the writer", views.MAIN, every),
    ]
    of_views = {view: _per_prompt(seen[view], n) for view in ASKED}
    over_proxies, rows = {}, []
    for name, view, members in asked:
        names, known = seen[view].models[1:], of_views[view]
        own = np.isin(names, members)
        whole = _points(*known, slice(None))
        without = {one: spearman(*whole[:, own & (np.array(names) != one)]) for one in members}
        over_proxies[name] = _correlation(
            spearman(*whole[:, own]), [without.get(one, np.nan) for one in every]
        )
        found = over_prompts(
            lambda kept, known=known, own=own: spearman(*_points(*known, kept)[:, own]),
            seen[view].prompts,
        )
        rows.append((name, len(members), *_correlation(*found).interval()))
    return over_proxies, pd.DataFrame(rows, columns=["quantity", "proxies", *INTERVAL])


def _per_prompt(scores: Scores, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Share of right pairs (proxies, prompts), and gains by proxy and golden (proxies, 2,
    prompts)."""
    proxies = scores.models[1:]
    share = [pairs.ratio(f.right, f.pairs) for *_, f in within.every(scores, (GOLDEN,), proxies)]
    gain = []
    for *_, found in curves.every(scores, (GOLDEN,), proxies):
        gain.append(curves.ndr_parts(cut(found, n), scores.prompts))
    return np.array(share), np.array(gain)


def cut(found: curves.PerPrompt, n: int) -> curves.PerPrompt:
    """The curves up to n."""
    return found._replace(**{key: getattr(found, key)[:, :n] for key in ("golden", "own", "best")})


def _points(share: np.ndarray, gain: np.ndarray, kept: object) -> np.ndarray:
    """Accuracy and NDR of every proxy on some prompts, (2, proxies)."""
    ndr = [ratio(*both) for both in gain[:, :, kept]]
    return np.array([np.nanmean(share[:, kept], axis=1), ndr])


def _correlation(whole: float, without: Sequence[float]) -> LeftOut:
    return LeftOut(np.array(without, float), whole=float(whole), is_correlation=True)


def over_prompts(
    statistic: Callable[[np.ndarray], float], prompts: int
) -> tuple[float, list[float]]:
    """A statistic of some prompts (a mask), of all and with each of up to `BLOCKS` blocks left
    out."""
    count = min(BLOCKS, prompts)
    block = np.arange(prompts) * count // prompts
    return statistic(block >= 0), [statistic(block != number) for number in range(count)]


def variance(scores: Scores) -> pd.DataFrame:
    """Share of each scorer's variance within prompts that lies between writers: ``scorer`` and
    interval over blocks of prompts; the golden judge first."""
    writers = np.unique(scores.response_ids, return_inverse=True)[1]
    rows = []
    for name in scores.models:
        rows_of = scores.of(name), scores.prompt, writers
        whole, without = over_prompts(
            lambda kept, rows_of=rows_of: between(*(part[kept[scores.prompt]] for part in rows_of)),
            scores.prompts,
        )
        rows.append((name, *LeftOut(np.array(without), whole=whole).interval()))
    return pd.DataFrame(rows, columns=["scorer", *INTERVAL])


def between(values: np.ndarray, prompt: np.ndarray, writers: np.ndarray) -> float:
    """Sum of squares of the writers' effects as a share of that within prompts, rows (rows,); NaN
    where nothing varies."""
    numbers = np.unique(prompt, return_inverse=True)[1]
    away = views.centred(values, numbers)
    mean = np.bincount(writers, away) / np.maximum(np.bincount(writers), 1)
    return float(pairs.ratio((mean[writers] ** 2).sum(), (away**2).sum()))
