"""The paper's printed values by scheme, base and source, to be contrasted as ours are.

In: the claims registry. Out: numbers, NaN where the paper prints none. Called by `tables`, `claims`
and `figures`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.vocabulary import MORE, MULTITASK, RAW, TOP

SCHEMES = (RAW, TOP, MULTITASK, MORE)
SOURCES = {
    "helpful": "Helpful",
    "harmless": "Harmless",
    "oasst": "Oasst1",
    "webgpt": "Webgpt",
    "summarize": "Summ",
}
# Base of Table 3: the table with its ECE on Helpful and Harmless, and what Top is called there.
_ECE = {
    "Pythia-1.4B": ("more.table5", "Single"),
    "Pythia-2.8B": ("more.table6", "Single"),
    "LLaMa-7B": ("more.table1", "Top"),
}


def paper_base(bases: tuple[str, ...], base: str) -> str:
    """The base of the paper that one of ours stands for: the smallest for the smallest, and so on.

    >>> [paper_base(("8x1x1", "16x1x2"), base) for base in ("8x1x1", "16x1x2")]
    ['Pythia-1.4B', 'LLaMa-7B']
    """
    places = np.linspace(0, len(_ECE) - 1, max(len(bases), 2)).round().astype(int)
    return list(_ECE)[places[bases.index(base)]]


@dataclass(frozen=True)
class Printed:
    """Accuracies of Table 3 as shares, and the ECEs of Tables 1, 3, 5 and 6.

    `sources` and `bases` are ours, see :func:`paper_base`.
    """

    registry: Registry
    sources: tuple[str, ...]
    bases: tuple[str, ...]

    def value(self, metric: str, scheme: str, base: str, sources: tuple[str, ...]) -> float:
        """Mean over sources. The mean accuracy is that of the row: the paper's own has slips.

        Parameters
        ----------
        metric : str
            ``accuracy``, or any other: the paper's ECE, whose form it does not state.
        """
        if scheme not in SCHEMES:
            return np.nan
        if metric == "accuracy":
            row = self.row(scheme, base)
            return (
                float(np.mean([row.get(SOURCES.get(name, ""), np.nan) for name in sources])) / 100
            )
        if set(sources) == set(SOURCES):
            return float(self.row(scheme, base)["ece"])
        return float(np.mean([self._ece(scheme, base, name) for name in sources]))

    def row(self, scheme: str, base: str) -> dict[str, float]:
        """Row of Table 3; accuracies in percent."""
        name = paper_base(self.bases, base)
        return self.registry.printed("more.table3", name, SCHEME_NAMES[scheme])

    def _ece(self, scheme: str, base: str, source: str) -> float:
        table, top = _ECE[paper_base(self.bases, base)]
        rows = self.registry.printed(table).get(SOURCES.get(source, ""), {})
        name = top if scheme == TOP else SCHEME_NAMES[scheme]
        return rows.get(name, {}).get("ece", np.nan)
