"""Calibration against alignment over many reward models and several ways of optimising.

In: margins of every reward model, and what the candidates that it takes are worth; `evidence`, the
label-flip family of paper rethinking. Out: tables. Called by the stage `more_alignment`.

The alignment of a reward model is the utility of the best candidate by its choice, on average over
prompts: what rejection sampling learns from first, and known for every reward model without
training a policy. In the pool of those behind a policy it is the utility of what the policy says,
in the label-flip family the NDR.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import (
    PAPER_FORM,
    STANDARD,
    Mixtures,
    accuracy,
    ece,
    floor,
    temperature_scaled,
)
from proxyreward.findings.more.more_alignment.measure import (
    ECES,
    SCALED,
    floor_of,
    in_form,
    over_sources,
)
from proxyreward.findings.more.more_alignment.reader import Rejection
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.metrics.estimates import mean_known
from proxyreward.metrics.judge import Tally, win_rate
from proxyreward.metrics.prediction import off_diagonal, spearman
from proxyreward.vocabulary import BEST_OF_N, HH, PPO, RAW

TRAINED, EVERY, ALIGNED = "trained", "with untrained", "aligned policies"  # pools
CLOSE = 0.01  # accuracy: one point
SHOWN = 10  # pairs of reward models in `furthest`


def reward_models(mixtures: Mixtures, rejection: Rejection) -> pd.DataFrame:
    """Accuracy, calibration and alignment of every reward model.

    Returns
    -------
    DataFrame
        Columns of `Mixtures.rms`; ``accuracy``, the four `ECES` and their floors, means of `HH`;
        ``utility`` and ``oracle`` of the best candidate; ``said utility`` and ``said oracle`` of
        the policy aligned with it, NaN without one.
    """
    names = mixtures.rms["rm"].tolist()
    margins = mixtures.margins[names].to_numpy(float).T
    parts = [mixtures.source == source for source in HH]
    found = _calibration(margins, parts, mixtures.chance)
    aligned = sorted({*names} & {*rejection.policies["policy"]})
    for measure in ("utility", "oracle"):
        found[measure] = over_sources(rejection.taken(measure, names), rejection.asked)
        said = over_sources(rejection.spoken(measure, aligned), rejection.tested)
        found[f"said {measure}"] = pd.Series(said, aligned).reindex(names).to_numpy()
    return mixtures.rms.assign(**found)


def label_flips(evidence: Evidence) -> pd.DataFrame:
    """Accuracy and ECEs of the label-flip family: ``rm``, and as of :func:`reward_models`.

    On test pairs whose chosen response is the better one to the oracle.
    """
    scores = evidence.pairs()
    margins = scores[..., 0] - scores[..., 1]
    found = _calibration(margins, [slice(None)], np.ones(margins.shape[-1]))
    return pd.DataFrame({"rm": evidence.names()} | found)


def _calibration(
    margins: np.ndarray, parts: Sequence[Any], chance: np.ndarray
) -> dict[str, np.ndarray]:
    """Accuracy, the `ECES` and their floors of margins (rms, pairs), means over parts of the pairs.

    `chance` is that of the labels, shape (pairs,).

    Rounded beyond what is known, or models that are equally often right would have other ranks.
    """
    metrics = {"accuracy": (accuracy, margins)}
    for what, m in (("ece", margins), (SCALED, temperature_scaled(margins, chance))):
        for name, form in ((in_form(what, form), form) for form in (STANDARD, PAPER_FORM)):
            metrics |= {name: (ece(form), m), floor_of(name): (floor(form), m)}
    return {
        name: np.mean([metric(m[:, part], chance[part]) for part in parts], axis=0).round(12)
        for name, (metric, m) in metrics.items()
    }


def pool(models: pd.DataFrame, name: str) -> pd.DataFrame:
    """Trained reward models, `EVERY` with the untrained ones, or those behind policies."""
    if name == ALIGNED:
        return models[models["said utility"].notna()]
    return models if name == EVERY else models[models["scheme"] != RAW]


def relations(models: pd.DataFrame) -> pd.DataFrame:
    """How calibration, accuracy and alignment go together over the :func:`reward_models`.

    Returns
    -------
    DataFrame
        ``pool, alignment, what, given, value``: (partial) Spearman correlation of `what` and
        alignment, where `what` is ``accuracy`` or the negative of an ECE, ``given`` the accuracy or
        nothing.
    """
    rows = []
    for name in (TRAINED, EVERY, ALIGNED):
        own, prefix = pool(models, name), "said " if name == ALIGNED else ""
        for measure in ("utility", "oracle"):
            worth = own[prefix + measure].to_numpy()
            rows += [(name, measure, *found) for found in _coefficients(own, worth)]
    return pd.DataFrame(rows, columns=["pool", "alignment", "what", "given", "value"])


def optimisers(evidence: Evidence, samples: int) -> pd.DataFrame:
    """How calibration and accuracy go with what best-of-n and PPO make of a reward model.

    As everywhere in the part on paper rethinking, coefficients are taken over the proxies of each
    golden model and averaged over golden models. `samples` is a second, small n of best-of-n: that
    of rejection sampling.

    Returns
    -------
    DataFrame
        As of :func:`relations`; the pool is ``best-of-<n>`` or ``ppo``, the alignment ``ndr``.
    """
    family = label_flips(evidence)
    largest = int(evidence.policies(BEST_OF_N)["n"].iloc[0])
    regrets = {f"best-of-{n}": evidence.ndr(BEST_OF_N, n=n) for n in (samples, largest)}
    regrets[PPO] = evidence.ndr(PPO)
    rows = [
        (pool, "ndr", *found)
        for pool, ndr in regrets.items()
        for found in _coefficients(family, ndr, off_diagonal)
    ]
    return pd.DataFrame(rows, columns=["pool", "alignment", "what", "given", "value"])


def _coefficients(
    models: pd.DataFrame, worth: np.ndarray, kept: Callable = np.asarray
) -> Iterator[tuple[str, str, float]]:
    """What, given what, and the coefficient with worth (..., rms), mean over its other axes.

    `kept` leaves out what does not count of such an array. Low is bad on all sides.
    """
    sides = {"nothing": None, "accuracy": models["accuracy"].to_numpy()}
    for what in ("accuracy", *ECES):
        x = sides["accuracy"] if what == "accuracy" else -models[what].to_numpy()
        for given in ("nothing",) if what == "accuracy" else ("nothing", "accuracy"):
            compared = (
                None if side is None else kept(np.broadcast_to(side, worth.shape))
                for side in (x, worth, sides[given])
            )
            yield what, given, mean_known(np.ravel(correlation(*compared)))


def correlation(x: np.ndarray, y: np.ndarray, given: np.ndarray | None = None) -> np.ndarray:
    r"""(Partial) rank correlation along the last axis; NaN where undefined or `y` is not finite.

    .. math:: \frac{\rho_{xy} - \rho_{xz} \rho_{yz}}
              {\sqrt{(1 - \rho_{xz}^2)(1 - \rho_{yz}^2)}}
    """
    known = np.isfinite(y).all(axis=-1)
    y = np.where(known[..., None], y, 0.0)
    found = spearman(x, y)
    if given is not None:
        xz, yz = spearman(x, given), spearman(y, given)
        left = (1 - xz**2) * (1 - yz**2)
        # Ranks that are equal leave a rest of rounding only.
        found = (found - xz * yz) / np.sqrt(np.where(left > 1e-12, left, np.nan))
    return np.where(known, found, np.nan)


def close_pairs(
    models: pd.DataFrame, worth: Callable[[str, Sequence[str]], np.ndarray]
) -> pd.DataFrame:
    """Pairs of reward models whose accuracy differs by less than a point.

    `worth` is `Rejection.taken` or `Rejection.spoken`: utility prompt by prompt.

    Returns
    -------
    DataFrame
        ``a, b``, differences b - a of ``accuracy`` and of the ECE in both forms, the larger one of
        their floors, and ``win, tie, lose`` of a against b, prompt by prompt.
    """
    a, b = np.transpose(list(combinations(range(len(models)), 2)))
    known = models["accuracy"].to_numpy()
    kept = abs(known[a] - known[b]).round(9) < CLOSE  # rounding must not decide what is a point
    a, b = a[kept], b[kept]
    names = models["rm"].to_numpy()
    values = worth("utility", names)
    outcome = np.sign(values[a] - values[b])
    gaps = {
        what: models[what].to_numpy()[b] - models[what].to_numpy()[a]
        for what in ("accuracy", "ece", in_form("ece", PAPER_FORM))
    }
    for name in [floor_of(what) for what in gaps if what != "accuracy"]:
        gaps[name] = np.maximum(*(models[name].to_numpy()[side] for side in (a, b)))
    signs = {"win": 1, "tie": 0, "lose": -1}
    counts = {name: (outcome == sign).sum(axis=1) for name, sign in signs.items()}
    return pd.DataFrame({"a": names[a], "b": names[b]} | gaps | counts)


def agreements(close: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """In how many :func:`close_pairs` of a pool the model with the lower ECE wins more prompts.

    A pair whose two models win equally often, or have the same ECE, says nothing and is left out.

    Returns
    -------
    DataFrame
        ``pool, ece, what, value``: `ece` in one of its two forms, `what` is the number of ``pairs``
        that say something, in how many of them the lower ECE wins, ``agree``, its ``share``, and
        the ``rate`` at which it wins among the prompts on which the two differ, mean over pairs.
    """
    rows = []
    for pool, pairs in close.items():
        for of in ("ece", in_form("ece", PAPER_FORM)):
            won = np.sign(pairs["win"] - pairs["lose"]) * np.sign(pairs[of])
            told, agree = (won != 0).sum(), (won > 0).sum()
            found = {"pairs": told, "agree": agree, "share": agree / told if told else np.nan}
            lower = pairs["win"].where(pairs[of] > 0, pairs["lose"])[pairs[of] != 0]
            found["rate"] = (lower / (pairs["win"] + pairs["lose"])).mean()
            rows += [(pool, of, what, value) for what, value in found.items()]
    return pd.DataFrame(rows, columns=["pool", "ece", "what", "value"])


def furthest(mixtures: Mixtures, close: pd.DataFrame) -> pd.DataFrame:
    """Those of the :func:`close_pairs` whose choices differ most in worth.

    The exact tests that pick them are part of what the claim counts.

    Returns
    -------
    DataFrame
        ``better, worse``, their difference in ``accuracy``, the share ``right`` of the better one
        among the test pairs that only one of the two gets right; ``rate``, how often the choice of
        the better one wins where they are not equal, and its lower end ``at_least`` at level
        1 - 0.05 / len(close), since the pair is the most striking of so many. A pair is left out if
        one half lies outside the exact interval of `right`.
    """
    decided = np.maximum(close["win"] + close["lose"], 1)
    order = np.argsort(-abs(close["win"] - close["lose"]) / np.sqrt(decided), kind="stable")
    level = 1 - 0.05 / max(len(close), 1)
    own, rows = np.isin(mixtures.source, HH), []
    for _, pair in close.iloc[order[:SHOWN]].iterrows():
        turn = 1 if pair["win"] >= pair["lose"] else -1
        better, worse = (pair["a"], pair["b"])[::turn]
        correct = [np.sign(mixtures.margins[name].to_numpy()[own]) for name in (better, worse)]
        apart = np.sign(correct[0] - correct[1])
        right = win_rate(Tally(*(int((apart == sign).sum()) for sign in (1, 0, -1))))
        if right.low <= 0.5 <= right.high:
            rate = win_rate(Tally(*map(int, pair[["win", "tie", "lose"]]))[::turn], level)
            gap = -turn * pair["accuracy"] + 0.0
            rows.append((better, worse, gap, right.estimate, rate.estimate, rate.low))
    names = ["better", "worse", "accuracy", "right", "rate", "at_least"]
    return pd.DataFrame(rows, columns=names)
