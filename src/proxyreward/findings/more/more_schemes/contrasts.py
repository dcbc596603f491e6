"""The differences that the claims about training schemes are made of.

In: names of sources and bases. Out: contrasts, each of which can be evaluated on our replicates and
on the paper's numbers. Called by `claims`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Protocol

import numpy as np

from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.vocabulary import HH, MORE, MULTITASK, RAW, TOP

Value = np.ndarray | float
LABELS = {"accuracy": "accuracy", "ece": "ECE", "ece_paper": "ECE in the paper's form"}


class Values(Protocol):
    """`schemes.Schemes` for our replicates, `printed.Printed` for the paper's numbers."""

    def value(self, metric: str, scheme: str, base: str, sources: tuple[str, ...]) -> Value: ...


@dataclass(frozen=True)
class Contrast:
    """A metric, in the mean over sources, of some schemes and bases less that of others.

    Attributes
    ----------
    text
        Its name, in which ``{}`` stands for the metric.
    metric
        A key of `LABELS`.
    sources
        Sources of the test pairs.
    plus, minus
        What is added and subtracted: schemes with their bases.
    """

    text: str
    metric: str
    sources: tuple[str, ...]
    plus: tuple[tuple[str, str], ...]
    minus: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """In plain words."""
        return self.text.format(LABELS[self.metric])

    def of(self, values: Values) -> Value:
        """The difference by these values: shape (1 + resamples,) of ours, a number of the paper."""
        added, subtracted = (
            sum(values.value(self.metric, *which, self.sources) for which in group)
            for group in (self.plus, self.minus)
        )
        return added - subtracted


def others(sources: tuple[str, ...]) -> tuple[str, ...]:
    """The sources beside Helpful and Harmless."""
    return tuple(name for name in sources if name not in HH)


def accuracy_contrasts(sources: tuple[str, ...], bases: tuple[str, ...]) -> Iterator[Contrast]:
    """Differences of accuracy; bases go from the smallest to the largest."""
    small, large = bases[0], bases[-1]
    for name in sources:
        yield _less("smallest base", name, "accuracy", TOP, MULTITASK, small, (name,))
    for name in others(sources):
        yield _less("largest base", name, "accuracy", MULTITASK, TOP, large, (name,))
    for name in HH:
        yield Contrast(
            f"{name}: {{}} of Top minus MultiTask at the smallest base, less that at the largest",
            "accuracy",
            (name,),
            ((TOP, small), (MULTITASK, large)),
            ((MULTITASK, small), (TOP, large)),
        )
    for base in bases:
        label = base_label(bases, base)
        yield _less(label, "mean", "accuracy", MULTITASK, MORE, base, sources)
    for scheme, (first, second) in product((MULTITASK, MORE), pairwise(bases)):
        text = f"{SCHEME_NAMES[scheme]}: mean {{}} at {second} minus at {first}"
        yield Contrast(text, "accuracy", sources, ((scheme, second),), ((scheme, first),))


def ece_contrasts(
    sources: tuple[str, ...], bases: tuple[str, ...], metric: str = "ece"
) -> Iterator[Contrast]:
    """Differences of an ECE; bases go from the smallest to the largest."""
    single = {name: (name,) for name in sources}
    hh = {name: (name,) for name in HH}
    compared = [
        *((RAW, scheme, single) for scheme in (TOP, MULTITASK, MORE)),
        (MULTITASK, TOP, single),
        (MULTITASK, MORE, hh | {"mean": sources}),
        (TOP, MORE, hh),
        (MORE, TOP, {"mean of the others": others(sources)}),
    ]
    for base, (first, second, over) in product(bases, compared):
        for label, names in over.items():
            yield _less(base_label(bases, base), label, metric, first, second, base, names)


def base_label(bases: tuple[str, ...], base: str) -> str:
    """What a base is called in the names of quantities: by its rank where criteria need it."""
    ranks = {bases[-1]: "largest base", bases[0]: "smallest base"}
    return ranks.get(base, f"base {base}")


def _less(
    where: str, over: str, metric: str, first: str, second: str, base: str, sources: tuple[str, ...]
) -> Contrast:
    text = f"{where}, {over}: {{}} of {SCHEME_NAMES[first]} minus {SCHEME_NAMES[second]}"
    return Contrast(text, metric, sources, ((first, base),), ((second, base),))
