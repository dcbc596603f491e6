"""Calibration against alignment over many reward models.

In: pools of reward models. Out: tables of how accuracy, calibration and alignment go together, with
intervals. Called by `tables`.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import PAPER_FORM, Draws, Mixtures, ece
from proxyreward.findings.more.more_alignment.aligned import GAP, SCHEMES
from proxyreward.findings.more.more_alignment.pool import (
    ALIGNED,
    AS_IS,
    SCALED,
    TRAINED,
    Pool,
    each,
)
from proxyreward.findings.more.more_alignment.rows import row
from proxyreward.metrics.judge import Tally, win_rate
from proxyreward.vocabulary import HH, MORE, MULTITASK

CLOSE = 0.01  # accuracy: one point
EITHER = 1 - 0.05 / 2  # level of an interval where one of two comparisons is enough
SHOWN = 10  # pairs of reward models in `furthest`


def reward_models(mixtures: Mixtures, pool: Pool) -> pd.DataFrame:
    """What the scatter plots show: a row for each reward model of a pool, without intervals.

    Columns of `Mixtures.rms`, then `accuracy`, the two ECEs, `utility`, `oracle`; `paper`, the ECE
    in the form of the printed numbers.
    """
    margins = mixtures.margins[pool.rms["rm"]].to_numpy(float).T
    only = Draws(mixtures.source, np.ones((1, margins.shape[1])), np.ones((1, 1)))
    columns = {name: replicates[0] for name, replicates in pool.found.items()}
    columns["paper"] = each(only, ece(PAPER_FORM), margins)[0]
    return pool.rms.assign(**columns)


def relations(pools: dict[str, Pool]) -> pd.DataFrame:
    """How calibration, accuracy and alignment go together.

    Returns
    -------
    DataFrame
        ``pool, alignment, what, given, rms, kinds, estimate, low, high``: Spearman correlation of
        `what` and alignment, where `what` is ``accuracy`` or the negative of an ECE, ``given`` the
        accuracy or nothing.
    """
    rows = []
    for name, pool in pools.items():
        sizes = {"rms": len(pool.rms), "kinds": pool.kinds}
        for measure in pool.values:
            for what in ("accuracy", AS_IS, SCALED):
                sign = 1 if what == "accuracy" else -1
                for given in (None,) if what == "accuracy" else (None, "accuracy"):
                    keys = {"pool": name, "alignment": measure, "what": what, "given": given or ""}
                    replicates = sign * pool.coefficient(what, measure, given)
                    # Resampling measures with noise a second time, which pulls towards zero.
                    told = row(replicates, recentre=True, **keys, **sizes)
                    # Shifted back, an end can leave what a correlation can be.
                    rows.append(told | {"low": max(told["low"], -1), "high": min(told["high"], 1)})
    return pd.DataFrame(rows)


def scaled(mixtures: Mixtures, pool: Pool, draws: Draws) -> pd.DataFrame:
    """ECE of MultiTask and MORE, as it is and after temperature scaling, and their difference.

    Returns
    -------
    DataFrame
        ``base, what, of, estimate, low, high``; `of` is a scheme or ``difference``.
    """
    place = {name: i for i, name in enumerate(pool.rms["rm"])}
    rows = []
    for base in mixtures.bases:
        for what in (AS_IS, SCALED, "utility"):
            found = {
                scheme: (
                    pool.found[what][:, [place[name] for name in mixtures.names(scheme, base)]]
                    * draws.seeds
                ).sum(axis=1)
                for scheme in SCHEMES
            }
            found[GAP] = found[MORE] - found[MULTITASK]
            rows += [
                row(replicates, what != "utility", base=base, what=what, of=of)
                for of, replicates in found.items()
            ]
    return pd.DataFrame(rows)


def close_pairs(pool: Pool, measure: str = "utility") -> pd.DataFrame:
    """Pairs of reward models whose accuracy differs by less than a point.

    Returns
    -------
    DataFrame
        ``a, b``, differences b - a of ``accuracy`` and ``ece``, and ``win, tie, lose`` of a's
        choices against those of b, prompt by prompt.
    """
    a, b = np.transpose(list(combinations(range(len(pool.rms)), 2)))
    kept = _close(pool.found["accuracy"][0], a, b)
    a, b = a[kept], b[kept]
    names, values = pool.rms["rm"].to_numpy(), pool.values[measure]
    outcome = np.sign(values[a] - values[b])
    return pd.DataFrame(
        {
            "a": names[a],
            "b": names[b],
            "accuracy": pool.found["accuracy"][0][b] - pool.found["accuracy"][0][a],
            "ece": pool.found[AS_IS][0][b] - pool.found[AS_IS][0][a],
            "win": (outcome > 0).sum(axis=1),
            "tie": (outcome == 0).sum(axis=1),
            "lose": (outcome < 0).sum(axis=1),
        }
    )


def alternatives(pools: dict[str, Pool]) -> pd.DataFrame:
    """Two ways to ask whether, at equal accuracy, the lower ECE goes with the better alignment.

    The ``share`` of pairs of close accuracy in which the model with the lower ECE wins more
    prompts than it loses; a pair whose two models win equally often, or have the same ECE, says
    nothing and is left out. Or the ``partial`` Spearman correlation given accuracy.

    Returns
    -------
    DataFrame
        ``pool, what, estimate, low, high``, the interval at `EITHER`, kinds, test pairs and prompts
        resampled; for the share ``pairs, agree`` and ``binomial_low, binomial_high``, which would
        hold at the same level if the pairs of models were independent.
    """
    rows = []
    for name in (TRAINED, ALIGNED):
        pool = pools[name]
        agree, total = _agreeing(pool)
        share = np.divide(agree, total, out=np.full(len(total), np.nan), where=total > 0)
        counts = {"pairs": int(total[0]), "agree": int(agree[0])}
        alone = win_rate(Tally(counts["agree"], 0, counts["pairs"] - counts["agree"]), EITHER)
        ends = {"binomial_low": alone.low, "binomial_high": alone.high}
        rows.append(row(share, level=EITHER, pool=name, what="share") | counts | ends)
        partial = -pool.coefficient(AS_IS, "utility", "accuracy")
        rows.append(row(partial, recentre=True, level=EITHER, pool=name, what="partial"))
    return pd.DataFrame(rows)


def furthest(mixtures: Mixtures, close: pd.DataFrame) -> pd.DataFrame:
    """Pairs of equal accuracy whose choices differ most in worth.

    Parameters
    ----------
    close : DataFrame
        Of :func:`close_pairs`.

    Returns
    -------
    DataFrame
        ``better, worse``, their difference in ``accuracy``, the share ``right`` of the better one
        among the test pairs that only one of the two gets right, with its interval at level 0.95;
        ``rate, low, high``, how often the choice of the better one wins where they are not equal,
        at level 1 - 0.05 / len(close), since the pair is the most striking of so many. Without a
        pair that has an interval of accuracy around one half there is no row.
    """
    decided = np.maximum(close["win"] + close["lose"], 1)
    order = np.argsort(-abs(close["win"] - close["lose"]) / np.sqrt(decided), kind="stable")
    level = 1 - 0.05 / max(len(close), 1)
    own = np.isin(mixtures.source, HH)
    rows = []
    for _, pair in close.iloc[order[:SHOWN]].iterrows():
        first = pair["win"] >= pair["lose"]
        better, worse = (pair["a"], pair["b"]) if first else (pair["b"], pair["a"])
        correct = [np.sign(mixtures.margins[name].to_numpy()[own]) for name in (better, worse)]
        counts = Tally(*(int((np.sign(correct[0] - correct[1]) == s).sum()) for s in (1, 0, -1)))
        right = win_rate(counts)
        if not right.low <= 0.5 <= right.high:
            continue
        won = Tally(*(int(pair[key]) for key in ("win", "tie", "lose")))
        rate = win_rate(won if first else Tally(*reversed(won)), level)
        rows.append(
            {
                "better": better,
                "worse": worse,
                "accuracy": pair["accuracy"] * (-1 if first else 1) + 0.0,
                "right": right.estimate,
                "right_low": right.low,
                "right_high": right.high,
            }
            | rate._asdict()
        )
    return pd.DataFrame(rows).rename(columns={"estimate": "rate"})


def _agreeing(pool: Pool) -> tuple[np.ndarray, np.ndarray]:
    """Close pairs in which the lower ECE wins, and all that say something, (1 + resamples,) each.

    A pair counts as often as both of its models are drawn.
    """
    a, b = np.transpose(list(combinations(range(len(pool.rms)), 2)))
    outcome = np.sign(pool.values["utility"][a] - pool.values["utility"][b])
    won = np.sign(outcome @ pool.prompts.T).T  # a wins more prompts than it loses
    better = np.sign(pool.found[AS_IS][:, b] - pool.found[AS_IS][:, a])  # a has the lower ECE
    times = _times(pool.drawn)
    told = _close(pool.found["accuracy"], a, b) & (won * better != 0)
    weight = times[:, a] * times[:, b] * told
    return (weight * (won == better)).sum(axis=1), weight.sum(axis=1)


def _times(drawn: np.ndarray) -> np.ndarray:
    """How often each model is drawn, the same shape."""
    rms = drawn.shape[1]
    flat = drawn + rms * np.arange(len(drawn))[:, None]
    return np.bincount(flat.ravel(), minlength=drawn.size).reshape(drawn.shape)


def _close(accuracies: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    gap = abs(accuracies[..., a] - accuracies[..., b])
    return gap.round(9) < CLOSE  # rounding must not decide what is exactly a point
