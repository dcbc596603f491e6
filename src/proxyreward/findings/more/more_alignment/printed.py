"""What the paper printed in Table 2, in the rows of our tables.

In: the claims registry. Out: tables. Called by `claims`, `figures`, `text` and the notebook.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.more_alignment.aligned import GAP, RATIO
from proxyreward.findings.more.more_alignment.reader import START
from proxyreward.vocabulary import MORE, MULTITASK

_PRINTED_SCHEMES = {"MultiTask": MULTITASK, "MORE": MORE}
_PRINTED_MEASURES = {
    "ece": ("ece", "both"),
    "ppl_helpful": ("perplexity", "helpful"),
    "ppl_harmless": ("perplexity", "harmless"),
}
_PRINTED_START = "no RM (Alpaca)"
_PAPER_BASES = ("Pythia-1.4B", "Pythia-2.8B", "LLaMa-7B")  # the smallest first


def counterparts(bases: Sequence[str]) -> dict[str, str]:
    """The paper's base that each of ours stands for; the first and the last of fewer than three."""
    places = np.linspace(0, len(_PAPER_BASES) - 1, len(bases)).round().astype(int)
    return dict(zip(bases, (_PAPER_BASES[place] for place in places)))


def paper_policies(bases: Sequence[str], registry: Registry) -> pd.DataFrame:
    """The paper's Table 2 in the rows of `policies`: ``base, measure, source, of, estimate``.

    `base` is ours, by :func:`counterparts`; `of` a scheme, ``start``, ``difference`` or ``ratio``.
    """
    rows = []
    for base, name in counterparts(bases).items():
        for key, (measure, source) in _PRINTED_MEASURES.items():
            found = {
                scheme: registry.printed("more.table2", name, printed, key)
                for printed, scheme in _PRINTED_SCHEMES.items()
            }
            more, multitask = found[MORE], found[MULTITASK]
            found |= {GAP: more - multitask, RATIO: more / multitask}
            if measure == "perplexity":
                found[START] = registry.printed("more.table2", _PRINTED_START, key)
            rows += [(base, measure, source, of, value) for of, value in found.items()]
    return pd.DataFrame(rows, columns=["base", "measure", "source", "of", "estimate"])


def paper_judged(bases: Sequence[str], registry: Registry) -> pd.DataFrame:
    """The paper's judge: ``base, win, tie, lose`` in hundredths, and the ``rate`` without ties."""
    rows = [
        {"base": base} | dict(registry.printed("more.table2", name, "gpt4"))
        for base, name in counterparts(bases).items()
    ]
    found = pd.DataFrame(rows)
    return found.assign(rate=found["win"] / (found["win"] + found["lose"]))
