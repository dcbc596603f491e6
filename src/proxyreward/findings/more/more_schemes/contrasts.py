"""The differences that the claims about training schemes are made of, by claim.

In: values of a metric by scheme, base and sources, ours or the paper's. Out: for each claim the
differences that must all be positive (or small), by name. Called by `claims`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Protocol

import numpy as np

from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.vocabulary import HH, MORE, MULTITASK, RAW, TOP

Value = np.ndarray | float
Contrasts = dict[str, dict[str, Value]]


class Values(Protocol):
    """`schemes.Schemes` for our replicates, `printed.Printed` for the paper's numbers."""

    @property
    def sources(self) -> tuple[str, ...]: ...

    @property
    def bases(self) -> tuple[str, ...]: ...

    def value(self, metric: str, scheme: str, base: str, sources: tuple[str, ...]) -> Value: ...


def others(sources: tuple[str, ...]) -> tuple[str, ...]:
    """The sources beside Helpful and Harmless."""
    return tuple(name for name in sources if name not in HH)


def accuracy_contrasts(values: Values) -> Contrasts:
    """Differences of accuracy: in fig4.c6 to be small, in table3.c1 not above 0, else positive."""
    sources, bases = values.sources, values.bases
    small, large = bases[0], bases[-1]

    def less(first: str, second: str, base: str, over: tuple[str, ...]) -> Value:
        return _difference(values, "accuracy", first, second, base, over)

    return {
        "fig4.c1": {
            _name(small, name, "accuracy", TOP, MULTITASK): less(TOP, MULTITASK, small, (name,))
            for name in sources
        },
        "fig4.c2": {
            _name(large, name, "accuracy", MULTITASK, TOP): less(MULTITASK, TOP, large, (name,))
            for name in others(sources)
        },
        "fig4.c3": {
            f"{name}: accuracy of Top minus MultiTask at {small}, less that at {large}": less(
                TOP, MULTITASK, small, (name,)
            )
            - less(TOP, MULTITASK, large, (name,))
            for name in HH
        },
        "fig4.c6": {
            _name(base, "mean", "accuracy", MORE, MULTITASK): less(MORE, MULTITASK, base, sources)
            for base in bases
        },
        "table3.c1": {
            _name(base, "mean", "accuracy", MULTITASK, MORE): less(MULTITASK, MORE, base, sources)
            for base in bases
        },
        "table3.c3": {
            f"mean accuracy of {SCHEME_NAMES[scheme]} at {second} minus at {first}": values.value(
                "accuracy", scheme, second, sources
            )
            - values.value("accuracy", scheme, first, sources)
            for scheme in (MULTITASK, MORE)
            for first, second in pairwise(bases)
        },
    }


def ece_contrasts(values: Values, metric: str = "ece") -> Contrasts:
    """Differences of an ECE, each to be positive."""
    sources, bases = values.sources, values.bases

    def less(first: str, second: str, over: dict[str, tuple[str, ...]]) -> dict[str, Value]:
        return {
            _name(base, label, "ECE", first, second): _difference(
                values, metric, first, second, base, names
            )
            for base in bases
            for label, names in over.items()
        }

    single = {name: (name,) for name in sources}
    average = {"mean": sources}
    hh = {name: (name,) for name in HH}
    return {
        "fig4.c4": {
            name: value
            for scheme in (TOP, MULTITASK, MORE)
            for name, value in less(RAW, scheme, single).items()
        },
        "fig4.c5": less(MULTITASK, TOP, single),
        "fig4.c7": less(MULTITASK, MORE, hh | average),
        "fig4.c8": less(TOP, MORE, hh),
        "fig4.c9": less(MORE, TOP, {"mean of the others": others(sources)}),
        "table3.c2": less(MULTITASK, MORE, average),
    }


def _difference(
    values: Values, metric: str, first: str, second: str, base: str, sources: tuple[str, ...]
) -> Value:
    one, other = (values.value(metric, scheme, base, sources) for scheme in (first, second))
    return one - other


def _name(base: str, over: str, metric: str, first: str, second: str) -> str:
    return f"{base}, {over}: {metric} of {SCHEME_NAMES[first]} minus {SCHEME_NAMES[second]}"
