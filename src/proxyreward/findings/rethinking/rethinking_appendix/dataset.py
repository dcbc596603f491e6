"""What holds of a training set of pairs: lengths in balance, no prompt twice.

In: the pairs after construction. Out: one row of numbers. Called by `tables`.
"""

import numpy as np
import pandas as pd

from proxyreward.data.construction import response_words, standardised_gap
from proxyreward.metrics.resampling import percentile_interval


def dataset_table(frame: pd.DataFrame, resamples: int, rng: np.random.Generator) -> pd.DataFrame:
    """Size, lengths and duplicates of a training set, as one row.

    Returns
    -------
    DataFrame
        pairs; duplicates (prompts that occurred before); chosen_words, rejected_words (means);
        gap, ci_low, ci_high: difference of the means in pooled sd. Its interval resamples pairs,
        which are independent here: each has a prompt of its own.
    """
    chosen, rejected = response_words(frame)
    draws = (rng.integers(len(frame), size=len(frame)) for _ in range(resamples))
    gaps = [standardised_gap(chosen[draw], rejected[draw]) for draw in draws]
    row = {
        "pairs": len(frame),
        "duplicates": int(frame["prompt"].duplicated().sum()),
        "chosen_words": chosen.mean(),
        "rejected_words": rejected.mean(),
        "gap": standardised_gap(chosen, rejected),
    }
    low, high = percentile_interval(np.array(gaps))
    return pd.DataFrame([{**row, "ci_low": low, "ci_high": high}])
