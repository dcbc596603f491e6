"""What the findings of paper *more* read: margins of every reward model on the same test pairs.

In: the tables that the `mixes` stage writes to ``results/<scale>/mixes/``, and the registry. Out:
arrays of margins by scheme, metrics of them in the mean over seeds, and what the paper prints.
Called by the findings of paper *more* and their notebooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from proxyreward.findings.core.reading import read_table
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixture_drawing import CONTROLS, SCHEME_NAMES, SCHEMES
from proxyreward.metrics.calibration import (
    brier,
    ece_floor,
    inverse_temperature,
    log_loss,
    pair_ece,
)
from proxyreward.metrics.checks import one_of
from proxyreward.vocabulary import ADDED, MORE, MULTITASK, SINGLE, TOP

# The paper's bases, the smallest first, with the table of each one's outliers.
OUTLIERS = {"Pythia-1.4B": "more.table5", "Pythia-2.8B": "more.table6", "LLaMa-7B": "more.table1"}
# Columns of its Table 3.
COLUMNS = {
    "helpful": "Helpful",
    "harmless": "Harmless",
    "oasst": "Oasst1",
    "webgpt": "Webgpt",
    "summarize": "Summ",
}
ORDERS = {"proxy": "one order", "both": "both orders"}


def in_words(form: Mapping[str, Any]) -> str:
    """What a form of the ECE is, such as "5 bins of equal width, both orders", by its options."""
    return f"{form['bins']} bins of equal {form['binning']}, {ORDERS[form['orientation']]}"


# What each form of the ECE is called: its options. The paper states none. The first is the standard
# one, and that of the part on paper rethinking: claims are decided by it. "paper" is the form that
# its printed numbers and its authors' program point to.
STANDARD, PAPER_FORM = "standard", "paper"
FORMS: dict[str, dict[str, Any]] = {
    STANDARD: {"bins": 10, "binning": "mass", "orientation": "proxy"},
    PAPER_FORM: {"bins": 5, "binning": "width", "orientation": "both"},
}
for _orientation, _binning, _bins in product(ORDERS, ("mass", "width"), (5, 10, 20)):
    _form = {"bins": _bins, "binning": _binning, "orientation": _orientation}
    if _form not in FORMS.values():
        FORMS[in_words(_form)] = _form
# Both orders in an even number of bins mirror each other: that ECE is the one of one order in half
# as many. These are the forms without such.
DISTINCT = tuple(f for f, own in FORMS.items() if own["orientation"] == "proxy" or own["bins"] % 2)

Metric = Callable[[np.ndarray, np.ndarray | float], np.ndarray]
"""Of margins (seeds, pairs) and the chances of the labels (pairs,): one number a seed."""


@dataclass(frozen=True)
class Mixtures:
    """The tables of ``results/<scale>/mixes/``.

    Attributes
    ----------
    rms
        ``rm, scheme, base, seed, k, order``: `scheme` is ``raw`` (untrained head),
        ``single-<source>``, ``multitask`` (random mixture, all sources), ``more``, or a control on
        the largest base, of the first seed alone: ``balanced`` (plain loss on MORE's batches),
        ``public-code`` (the variant of the authors' program), ``upgrad`` (the weights of UPGrad),
        ``multitask-as-is`` and ``more-as-is`` (sources not resampled to equal size),
        ``more-added`` (k sources; order 0 is the paper's, the others turn the sources after the
        second round, so that over all orders each is added first, second, … once),
        ``more-fixed-total`` (all sources, together as many pairs as two), ``more-splits`` (k random
        parts of the first source in place of k sources).
    margins
        ``pair_id, group, source`` and a column for each reward model: r(chosen) - r(rejected) of
        every test pair, float32; rows in the order of sources. Pairs of one `group` have the same
        opening request, see :func:`proxyreward.data.folds.conversation_groups`.
    tuned
        The same of ``more`` and ``multitask`` on the largest base after a short training on the
        pair's own source alone.
    rewards
        ``pair_id, side, source`` and a column for the untrained and each one-source model (largest
        base, first seed): rewards of the chosen (side 0) and the rejected response.
    steps
        ``rm, step, loss, plain_loss, size`` of every training step: the weighted and the plain
        loss of the batch, the mean |margin| in it; for MORE also ``combined, equal, single``, the
        lengths of the head gradient under its weights and under equal ones, and the mean length of
        the sources' gradients, and ``weight_<source>``, the weight of each source.
    labels
        ``pair_id, source, chance``, the probability with which the source's annotators choose what
        is the chosen response of a test pair, 1 where it is unknown; and ``chance at <d>``, the
        same if the sources differed to the degree d only.
    ladder
        ``rm, of, scheme, conflict``: MultiTask and MORE on the smallest base and first seed, and
        the same trained on labels of sources that differ to a degree below 1.
    ladder_margins
        As `margins`, of the latter.
    """

    rms: pd.DataFrame
    margins: pd.DataFrame
    tuned: pd.DataFrame
    rewards: pd.DataFrame
    steps: pd.DataFrame
    labels: pd.DataFrame
    ladder: pd.DataFrame
    ladder_margins: pd.DataFrame

    @classmethod
    def read(cls, folder: Path) -> Mixtures:
        """Read what the `mixes` stage wrote."""
        texts = {"rms.csv": ["rm", "scheme", "base"], "steps.csv": ["rm"]}
        texts["ladder.csv"] = ["rm", "of", "scheme"]
        pairs = ("margins", "tuned", "rewards", "labels", "ladder_margins")
        texts |= {f"{name}.parquet": ["source"] for name in pairs}
        return cls(**{Path(file).stem: read_table(folder / file, of) for file, of in texts.items()})

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Sources in the order in which the paper adds them."""
        return tuple(self.margins["source"].unique())

    @cached_property
    def source(self) -> np.ndarray:
        """Source of each test pair, shape (pairs,)."""
        return self.margins["source"].to_numpy()

    @cached_property
    def chance(self) -> np.ndarray:
        """Chance of the label of each test pair, shape (pairs,)."""
        return self.labels["chance"].to_numpy(float)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Bases, the smallest first."""
        return tuple(reversed(self.rms["base"].unique()))

    @cached_property
    def main(self) -> str:
        """The base of the controls."""
        return self.bases[-1]

    def chosen(self, base: str) -> str:
        """A base; an empty name means the largest. ValueError if there is no such base."""
        one_of("base", base, ("", *self.bases))
        return base or self.main

    @cached_property
    def seeds(self) -> int:
        """Reward models of each scheme on the largest base; controls and other bases have one."""
        return int(self.rms["seed"].max()) + 1

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Numbers of sources K, from 2."""
        return tuple(range(2, len(self.sources) + 1))

    @cached_property
    def orders(self) -> tuple[int, ...]:
        """Orders of adding the sources, the paper's first."""
        return tuple(sorted(self.rms.loc[self.rms["scheme"] == ADDED, "order"].unique()))

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Counts that pages tell; `pairs` of one test source, `steps` of a training of MORE."""
        return {
            "sources": len(self.sources),
            "bases": len(self.bases),
            "seeds": self.seeds,
            "orders": len(self.orders),
            "pairs": int((self.source == self.sources[0]).sum()),
            "tests": len(self.source),
            "steps": int(self.steps["rm"].value_counts()[self.names(MORE)[0]]),
        }

    @cached_property
    def compared(self) -> list[tuple[str, str]]:
        """Base and scheme of all that is compared: `SCHEMES`, on the largest also `CONTROLS`."""
        return [
            (base, scheme)
            for base in self.bases
            for scheme in (*SCHEMES, *(CONTROLS if base == self.main else ()))
        ]

    def names(
        self, scheme: str, base: str | None = None, k: int | None = None, order: int = 0
    ) -> list[str]:
        """Reward models of a scheme, by seed; the largest base unless another is named.

        All orders of adding sources begin with the same two, and end with all, which is `MORE`.
        If there is none, a KeyError names the schemes that exist.
        """
        if scheme == ADDED and k == len(self.sources):
            scheme = MORE
        order = order if scheme == ADDED and k != 2 else 0
        rms = self.rms
        found = rms[(rms["scheme"] == scheme) & (rms["base"] == (base or self.main))]
        found = found[(found["order"] == order) & (k is None or found["k"] == k)]
        if found.empty:
            known = ", ".join(rms["scheme"].unique())
            raise KeyError(f"no reward model of scheme {scheme!r} there; known schemes: {known}")
        return found.sort_values("seed")["rm"].tolist()

    def margin(
        self, scheme: str, base: str | None = None, k: int | None = None, order: int = 0
    ) -> np.ndarray:
        """Margins of a scheme's reward models, shape (seeds, pairs); arguments of :meth:`names`.

        `TOP` takes for each pair the model trained on its own source.
        """
        if scheme != TOP:
            return self.margins[self.names(scheme, base, k, order)].to_numpy(float).T
        each = [(self.source == name, f"{SINGLE}-{name}") for name in self.sources]
        return np.concatenate([self.margin(one, base)[:, own] for own, one in each], axis=1)

    def scaled(self, scheme: str, base: str | None = None) -> np.ndarray:
        """The same after :func:`temperature_scaled`, one temperature for each reward model.

        `TOP` is another model on each source, so it has one for each.
        """
        found = self.margin(scheme, base)
        if scheme != TOP:
            return temperature_scaled(found, self.chance)
        for name in self.sources:
            own = self.source == name
            found[:, own] = temperature_scaled(found[:, own], self.chance[own])
        return found

    def at(self, conflict: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Chances of the labels at a degree of conflict, and the margins trained on such.

        Of MultiTask and MORE on the smallest base, first seed; shapes (pairs,) and (1, pairs).
        """
        own = self.ladder[self.ladder["conflict"] == conflict]
        if conflict == 1:
            chance, margins = self.chance, self.margins
        else:
            chance = self.labels[f"chance at {conflict:g}"].to_numpy(float)
            margins = self.ladder_margins
        return chance, dict(zip(own["scheme"], margins[own["rm"]].to_numpy(float).T[:, None]))

    def evaluate(self, metric: Metric, margin: np.ndarray, *sources: str) -> float:
        """A metric on the pairs of each source (default: all), mean over seeds and then sources.

        See :data:`METRICS`; `margin` has the shape (seeds, all pairs).
        """
        own = [self.source == name for name in sources or self.sources]
        return float(np.mean([metric(margin[:, rows], self.chance[rows]) for rows in own]))


def accuracy(margin: np.ndarray, chance: np.ndarray | float = 1.0) -> np.ndarray:
    """Share of pairs whose chosen response gets the higher reward; a tie counts half.

    With the chances of the labels it is the expected share, were they drawn anew.
    """
    return ((2 * np.asarray(chance) - 1) * np.sign(margin) + 1).mean(axis=-1) / 2


def size(margin: np.ndarray, chance: np.ndarray | float = 1.0) -> np.ndarray:
    """Mean |margin|, whatever the labels."""
    return abs(margin).mean(axis=-1)


def ece(form: str = STANDARD) -> Metric:
    """The expected calibration error in one of the `FORMS`."""
    return lambda margin, chance=1.0: pair_ece(margin, **FORMS[form], chance=chance)


def floor(form: str = STANDARD) -> Metric:
    """What that error would be by chance alone, were the reward model calibrated."""
    return lambda margin, chance=1.0: ece_floor(margin, **FORMS[form], chance=chance)


METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "ece": ece(STANDARD),
    "ece_paper": ece(PAPER_FORM),
    "ece_floor": floor(STANDARD),
    "ece_paper_floor": floor(PAPER_FORM),
    "log_loss": log_loss,
    "brier": brier,
    "size": size,
}
"""What findings measure of margins; ``ece`` has the form that decides."""


def temperature_scaled(margin: np.ndarray, chance: np.ndarray | float = 1.0) -> np.ndarray:
    """Margins after temperature scaling, same shape (seeds, pairs); one temperature for each row.

    It is fitted on the odd pairs and applied to the even ones, and the other way round, so that no
    pair is scaled by its own label. (A conversation with several pairs can lie on both sides; with
    one number to fit, that is all the same.)
    """
    odd, chance = np.arange(margin.shape[-1]) % 2 == 1, np.broadcast_to(chance, margin.shape[-1])
    found = np.empty_like(margin)
    for half in (odd, ~odd):
        factor = inverse_temperature(margin[:, ~half], chance[~half])
        found[:, half] = margin[:, half] * factor[:, None]
    return found


def form_label(form: str) -> str:
    """Short name of a form of the ECE on two lines, for the rows of a figure."""
    bins, binning, orientation = FORMS[form].values()
    named = f"{form}: " if form in (STANDARD, PAPER_FORM) else ""
    return f"{named}{bins} of equal\n{binning}, {ORDERS[orientation]}"


def counterparts(bases: Sequence[str]) -> dict[str, str]:
    """The paper's base that each of ours stands for: the first and the last of two, the last alone.

    >>> counterparts(["8x1x1", "16x1x2"])
    {'8x1x1': 'Pythia-1.4B', '16x1x2': 'LLaMa-7B'}
    """
    places = np.linspace(len(OUTLIERS) - 1, 0, len(bases)).round().astype(int)[::-1]
    return {base: list(OUTLIERS)[place] for base, place in zip(bases, places, strict=True)}


def printed_outliers(registry: Registry, base: str, source: str) -> dict[str, Mapping[str, float]]:
    """Tables 1, 5 and 6 for one of the paper's bases on Helpful or Harmless: cells by scheme."""
    names = {"Single": TOP} | {SCHEME_NAMES[scheme]: scheme for scheme in (TOP, MULTITASK, MORE)}
    rows = registry.printed(OUTLIERS[base], source.title())
    return {names[name]: cells for name, cells in rows.items()}


def printed_accuracy(registry: Registry, base: str, scheme: str) -> dict[str, float]:
    """Accuracies of Table 3 for one of the paper's bases by source, as shares."""
    row = registry.printed("more.table3", base, SCHEME_NAMES[scheme])
    return {source: row[column] / 100 for source, column in COLUMNS.items()}
