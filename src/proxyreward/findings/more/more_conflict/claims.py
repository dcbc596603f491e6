"""What the claims of Figures 1, 3 and 7 of paper *more* compare.

In: the arrays and tables of `measure`. Out: quantities, by the names that the registry's criteria
use. Called by the stage `more_conflict`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.quantity import Quantity, measured
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_conflict.measure import (
    HARMLESS,
    REWARDS,
    Transfer,
    paper_raw,
)
from proxyreward.vocabulary import ALL, RAW


def quantities(
    mixtures: Mixtures,
    transfers: Mapping[str, Transfer],
    distances: pd.DataFrame,
    moments: pd.DataFrame,
    tests: pd.DataFrame,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims of Figures 1, 3 and 7 compare.

    Those of Figure 1 are about accuracies and take their mean over bases. Rewards have units of
    their own in each model, so those of Figures 3 and 7 take the middle base. Further arguments are
    what the functions of `measure` with these names give, and `rank_tests`.
    """
    names, middle = mixtures.sources, transfers[mixtures.middle]
    found = _accuracies(names, transfers[ALL], -paper_raw(registry, mixtures))
    against = zip(names, _oriented(names, middle), strict=True)
    found |= {
        f"{HARMLESS}: mean margin minus Raw of the model on {name}": value
        for name, value in against
        if name != HARMLESS
    }
    found |= _shapes(distances, moments)
    found |= {
        f"{name}: range of the models' mean margins in sd": value
        for name, value in zip(names, np.ptp(middle.location[1:], axis=0), strict=True)
    }
    for test, column in (("Kruskal and Wallis", "kruskal"), ("Friedman", "friedman")):
        found[f"largest p of {test}'s test over test sources and seeds"] = tests[column].max()
    below = [transfers[base].gain[_elsewhere(names)] < 0 for base in mixtures.bases]
    found["share of entries (model, other source, base) below Raw"] = np.mean(below)
    for base in mixtures.bases:
        found |= {f"base {base}: {name}": value for name, value in _on(names, transfers[base])}
    return {
        name: value if isinstance(value, Quantity) else measured(value)
        for name, value in found.items()
    }


def _accuracies(
    names: tuple[str, ...], transfer: Transfer, paper: np.ndarray
) -> dict[str, Quantity | float]:
    """Accuracies of the model on each source, on its own source and on others."""
    found: dict[str, Quantity | float] = {
        f"{name}: accuracy above Raw of its own model": measured(transfer.gain[k, k], paper[k])
        for k, name in enumerate(names)
    }
    for k, d in zip(*_elsewhere(names), strict=True):
        model = f"of the model on {names[k]}"
        found[f"{names[d]}: accuracy above Raw {model}"] = transfer.gain[k, d]
        found[f"{names[d]}: accuracy {model}"] = transfer.accuracy[1 + k, d]
    found["mean accuracy on other sources minus Top"] = _away(names, transfer)
    return found


def _shapes(distances: pd.DataFrame, moments: pd.DataFrame) -> dict[str, float]:
    """Of the models on other sources than Harmless."""
    apart = distances[["first", "second"]].eq(HARMLESS).any(axis=1)
    others = ~moments["trained"].isin([RAW, HARMLESS])
    sd = moments[(moments["of"] == REWARDS) & (moments["moment"] == "sd") & others]["value"]
    distance = "largest distance (Kolmogorov-Smirnov) of standardised margins"
    where = f"{HARMLESS}, models on other sources:"
    return {
        f"{where} {distance}": distances.loc[~apart, "value"].max(),
        f"{where} largest to smallest sd of rewards": sd.max() / sd.min(),
        f"{HARMLESS}, from its own model: {distance}": distances.loc[apart, "value"].max(),
    }


def _on(names: tuple[str, ...], transfer: Transfer) -> list[tuple[str, float]]:
    """What each base alone gives."""
    return [
        ("smallest accuracy above Raw of a source's own model", transfer.gain.diagonal().min()),
        ("mean accuracy on other sources minus Top", _away(names, transfer)),
        (f"models that shift {HARMLESS} the other way", (_oriented(names, transfer) < 0).sum()),
        (
            "smallest range over test sources of the models' mean margins in sd",
            np.ptp(transfer.location[1:], axis=0).min(),
        ),
    ]


def _away(names: tuple[str, ...], transfer: Transfer) -> float:
    return float(transfer.loss[1:][_elsewhere(names)].mean())


def _oriented(names: tuple[str, ...], transfer: Transfer) -> np.ndarray:
    """Shifts on Harmless by model, counted positive in the direction of the model on Harmless."""
    place = names.index(HARMLESS)
    shift = transfer.shift[:, place]
    return shift * (-1 if shift[place] < 0 else 1)


def _elsewhere(names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Places (trained, tested) of different sources."""
    return np.nonzero(~np.eye(len(names), dtype=bool))
