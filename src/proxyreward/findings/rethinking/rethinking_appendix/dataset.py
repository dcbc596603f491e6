"""What holds of a training set of pairs: lengths in balance, no prompt twice.

In: the pairs after construction. Out: one row of numbers, and the length gap with its resamples.
Called by `tables` and `claims`.
"""

import pandas as pd

from proxyreward.data.construction import response_words, standardised_gap
from proxyreward.data.seeds import generator
from proxyreward.findings.core.verdict import Quantity
from proxyreward.metrics.resampling import resample

GAP = "length of chosen minus rejected responses, in pooled sd"


def resampled_gap(frame: pd.DataFrame, resamples: int, seed: int) -> Quantity:
    """Difference of the mean lengths in pooled sd.

    Its interval resamples pairs, which are independent here: each has a prompt of its own.
    """
    chosen, rejected = response_words(frame)
    values = resample(
        lambda pairs: standardised_gap(chosen[pairs], rejected[pairs]),
        len(frame),
        resamples,
        generator(f"rethinking_appendix {GAP}", seed),
    )
    return Quantity(values, len(frame))


def dataset_table(frame: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """Size, lengths and duplicates of a training set, as one row.

    Returns
    -------
    DataFrame
        pairs; duplicates (prompts that occurred before); chosen_words, rejected_words (means);
        gap, low, high: of :func:`resampled_gap`.
    """
    chosen, rejected = response_words(frame)
    gap, low, high = resampled_gap(frame, resamples, seed).interval(0.95)
    row = {
        "pairs": len(frame),
        "duplicates": int(frame["prompt"].duplicated().sum()),
        "chosen_words": chosen.mean(),
        "rejected_words": rejected.mean(),
        "gap": gap,
        "low": low,
        "high": high,
    }
    return pd.DataFrame([row])
