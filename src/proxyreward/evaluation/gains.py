"""What optimising against a model gains on each prompt, by which models are compared.

In: scores. Out: per prompt the golden reward that is reached, the one that is possible, and the
accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from proxyreward.evaluation import curves, within
from proxyreward.evaluation.groups import groups
from proxyreward.evaluation.scores import Scores


class Gain(NamedTuple):
    """What is compared of one model, arrays of shape (prompts,), NaN where it does not count.

    Attributes
    ----------
    reached
        Golden reward of the best of N by the model, less the start.
    possible
        The same by the golden model.
    share
        Of the pairs that the golden model orders, those that the model orders alike, ties half.
    """

    reached: np.ndarray
    possible: np.ndarray
    share: np.ndarray


def gains(scores: Scores, golden: str, names: Sequence[str]) -> dict[str, Gain]:
    """Gain of each model, on the responses that it and the golden model have scored."""
    found = {}
    for group in groups(scores, (golden,), names):
        (shares,) = within.shares(group, scores.prompts)
        rewards = {name: own for _, name, own in curves.of_group(group)}
        for name, share in zip(group.models, shares):
            found[name] = Gain(*curves.ndr_parts(rewards[name], scores.prompts), share)
    return found
