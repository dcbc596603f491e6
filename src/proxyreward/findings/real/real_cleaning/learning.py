"""What judges learn from labels as they are, from cleaned ones, and from as few at random.

In: margins of held-out pairs by judges that learnt from each training set. Out: a table of
intervals over conversations, see :func:`measure.over_blocks`. Called by the stage `real_cleaning`.
"""

import numpy as np
import pandas as pd

from proxyreward.data.cleaning import ACTION
from proxyreward.findings.real.real_cleaning.measure import INTERVAL, LABEL, over_blocks, rows_of
from proxyreward.metrics.calibration import inverse_temperature
from proxyreward.vocabulary import CLEANED, FEWER, UNCLEANED

COMPARED = ((CLEANED, UNCLEANED), (CLEANED, FEWER))
"""Sets whose difference is told."""
AGAIN = "accuracy, committee's labels"
"""Accuracy on the held-out pairs that the committee keeps or turns, with its labels."""
MEASURES = ("accuracy", "size", "inverse temperature", AGAIN)


def learning(
    margins: pd.DataFrame, kinds: np.ndarray, groups: np.ndarray, **keys: object
) -> pd.DataFrame:
    r"""What held-out pairs say of judges trained on each set: learner, set, measure, interval.

    Measures: *accuracy* under the labels of the file; *size*, the mean of |margin|; *inverse
    temperature*, the factor on margins with which they fit the labels of the file best; and
    :data:`AGAIN`. A set named ``a - b`` holds differences (of size: of logarithms), pair by pair.

    Parameters
    ----------
    margins : frame (pairs, learners times sets), columns ``<learner> <set>``.
    kinds : types of the held-out pairs.
    groups : (pairs,) numbers of the conversations.
    """
    own, names = margins.to_numpy(), [tuple(name.rsplit(" ", 1)) for name in margins]
    again = np.array([LABEL[ACTION[kind]] for kind in kinds])
    learners = dict.fromkeys(learner for learner, _ in names)
    pairs_of = [(learner, *both) for learner in learners for both in COMPARED]
    first, second = ([names.index((p[0], p[i])) for p in pairs_of] for i in (1, 2))

    def with_differences(rows: np.ndarray) -> np.ndarray:
        found = _measured(own[rows], again[rows])
        compared = np.vstack([found[0], np.log(found[1]), found[2:]])
        return np.hstack([found, compared[:, first] - compared[:, second]])

    named = [*names, *((learner, f"{a} - {b}") for learner, a, b in pairs_of)]
    ends = over_blocks(with_differences, groups)
    found = [
        rows_of(named, ends[:, place], "of", **keys, measure=measure)
        for place, measure in enumerate(MEASURES)
    ]
    table = pd.concat(found, ignore_index=True)
    who, sets = zip(*table.pop("of"), strict=True)
    return table.assign(learner=who, set=sets)[[*keys, "learner", "set", "measure", *INTERVAL]]


def _measured(margin: np.ndarray, again: np.ndarray) -> np.ndarray:
    """`MEASURES` of margins (pairs, models), (measures, models); `again` as `measure.LABEL`."""
    kept = again != 0
    right = (margin[kept] * again[kept, None] > 0).mean(axis=0)
    size = abs(margin).mean(axis=0)
    return np.stack([(margin > 0).mean(axis=0), size, inverse_temperature(margin.T), right])
