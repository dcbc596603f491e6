"""Reward models with accuracy, calibration and alignment in common resamples.

In: margins of every reward model, and what the candidates that it takes are worth. Out: pools of
reward models with every quantity in every resample. Called by `relation` and `tables`.

The alignment of a reward model is the utility of the best of four responses by its choice, on
average over prompts: what rejection sampling learns from, and known for every reward model without
training a policy. In the pool of those behind a policy it is the utility of what the policy says.

Two reward models of one kind (the same scheme, base and sources, another seed) are not two
independent cases, and all of them share test pairs and prompts. So intervals resample kinds, with
all their seeds, as well as pairs and prompts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import (
    STANDARD,
    Draws,
    Metric,
    Mixtures,
    accuracy,
    ece,
    temperature_scaled,
)
from proxyreward.findings.more.more_alignment.reader import Rejection
from proxyreward.findings.more.more_alignment.rows import prompt_draws
from proxyreward.metrics.prediction import spearman
from proxyreward.metrics.resampling import draw_goldens
from proxyreward.vocabulary import HH, RAW

TRAINED, EVERY, ALIGNED = "trained", "with untrained", "aligned policies"  # pools
AS_IS, SCALED = "ece", "ece after temperature scaling"
KIND = ["scheme", "base", "k", "order"]


@dataclass(frozen=True)
class Pool:
    """Reward models with every quantity in every resample; row 0 is the data as they are.

    Attributes
    ----------
    rms : DataFrame
        Rows of `Mixtures.rms`.
    found : dict of ndarray, shape (1 + resamples, rms)
        ``accuracy``, the two ECEs, ``utility`` and ``oracle``.
    values : dict of ndarray, shape (rms, prompts)
        ``utility`` and ``oracle`` of the response that each model takes, or its policy says.
    prompts : ndarray, shape (1 + resamples, prompts)
        How often each prompt is drawn.
    drawn : ndarray, shape (1 + resamples, rms)
        Which models are drawn, a kind with all its seeds.
    """

    rms: pd.DataFrame
    found: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    prompts: np.ndarray
    drawn: np.ndarray

    @classmethod
    def of(
        cls,
        rms: pd.DataFrame,
        found: dict[str, np.ndarray],
        values: dict[str, np.ndarray],
        prompts: Draws,
        rng: np.random.Generator,
    ) -> Pool:
        """Pool of these reward models; `found` holds what does not depend on prompts."""
        found = found | {measure: _averages(prompts, told) for measure, told in values.items()}
        return cls(rms, found, values, prompts.pairs, _draw_kinds(rms, len(prompts.pairs) - 1, rng))

    def coefficient(self, x: str, y: str, given: str | None = None) -> np.ndarray:
        """(Partial) Spearman correlation of two quantities in every resample."""
        drawn = [
            np.take_along_axis(self.found[name], self.drawn, axis=1)
            for name in (x, y, given)
            if name
        ]
        return partial_spearman(*drawn) if given else spearman(*drawn)

    @property
    def kinds(self) -> int:
        """Kinds of reward models."""
        return self.rms.groupby(KIND).ngroups


def pools(
    mixtures: Mixtures,
    rejection: Rejection,
    draws: Draws,
    rng: np.random.Generator,
    form: str = STANDARD,
) -> dict[str, Pool]:
    """Pools of trained reward models, of these and the untrained ones, of those behind policies.

    Parameters
    ----------
    draws : Draws
        Resamples of the test pairs; as many are drawn of prompts and kinds.
    form : str
        Of the ECE.
    """
    rms, resamples = mixtures.rms, len(draws.pairs) - 1
    margins = mixtures.margins[rms["rm"]].to_numpy(float).T
    found = {
        "accuracy": each(draws, accuracy, margins),
        AS_IS: each(draws, ece(form), margins),
        SCALED: each(draws, ece(form), temperature_scaled(margins)),
    }
    trained = (rms["scheme"] != RAW).to_numpy()
    aligned = rms["rm"].isin(rejection.policies["policy"]).to_numpy()
    asked = prompt_draws(mixtures, rejection.asked, resamples, rng)
    tested = prompt_draws(mixtures, rejection.tested, resamples, rng)
    chosen = {TRAINED: trained, EVERY: np.full(len(rms), True), ALIGNED: aligned}
    pools = {}
    for name, kept in chosen.items():
        names = rms["rm"][kept].tolist()
        of, told = (tested, rejection.spoken) if name == ALIGNED else (asked, rejection.taken)
        values = {measure: told(measure, names) for measure in ("utility", "oracle")}
        own = {key: replicates[:, kept] for key, replicates in found.items()}
        pools[name] = Pool.of(rms[kept].reset_index(drop=True), own, values, of, rng)
    return pools


def each(draws: Draws, metric: Metric, margins: np.ndarray) -> np.ndarray:
    """A metric of each reward model alone, mean of `HH`, shape (1 + resamples, rms)."""
    alone = replace(draws, seeds=np.ones((len(draws.pairs), 1)))
    return np.transpose([alone.mean(metric, margin[None], HH) for margin in margins])


def partial_spearman(x: np.ndarray, y: np.ndarray, given: np.ndarray) -> np.ndarray:
    r"""Partial rank correlation along the last axis; NaN where it is undefined.

    .. math:: \frac{\rho_{xy} - \rho_{xz} \rho_{yz}}
              {\sqrt{(1 - \rho_{xz}^2)(1 - \rho_{yz}^2)}}
    """
    xy, xz, yz = spearman(x, y), spearman(x, given), spearman(y, given)
    left = (1 - xz**2) * (1 - yz**2)
    # Ranks that are equal leave a rest of rounding only.
    return np.divide(
        xy - xz * yz, np.sqrt(left), out=np.full(np.shape(left), np.nan), where=left > 1e-12
    )


def _averages(prompts: Draws, values: np.ndarray) -> np.ndarray:
    """Mean of values (rms, prompts) over the prompts of each of `HH`, then over these sources."""
    parts = []
    for source in HH:
        own = prompts.source == source
        counts = prompts.pairs[:, own]
        parts.append(counts @ values[:, own].T / counts.sum(axis=1, keepdims=True))
    return np.mean(parts, axis=0)


def _draw_kinds(rms: pd.DataFrame, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Places of the drawn models, shape (1 + resamples, rms); row 0 draws each once.

    Every kind has as many models as there are seeds.
    """
    kind = rms.groupby(KIND, sort=False).ngroup().to_numpy()
    members = np.argsort(kind, kind="stable").reshape(kind.max() + 1, -1)
    drawn = members[draw_goldens(len(members), resamples, rng)].reshape(resamples, -1)
    return np.vstack([np.arange(len(rms)), drawn])
