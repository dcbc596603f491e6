"""What all judges have in common, and how one is asked twice with the positions swapped.

In: a judge, prompts and two responses to each. Out: answers, each about the pair's first response,
as :func:`proxyreward.metrics.judge.agreed` reads them.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Judge(Protocol):
    """Compares two responses to each prompt.

    Called with prompts, the responses shown first and those shown second, all of one length, it
    returns as many numbers: 1 where the first is better, -1 where the second is, 0 for a tie, NaN
    where it gives no valid answer.
    """

    def __call__(
        self, prompts: Sequence[str], first: Sequence[str], second: Sequence[str]
    ) -> np.ndarray: ...


def both_orders(
    judge: Judge, prompts: Sequence[str], first: Sequence[str], second: Sequence[str]
) -> np.ndarray:
    """Answers with the pair's first response shown first, then with it shown second.

    Returns
    -------
    ndarray, shape (2, pairs)
        In both rows 1 says that the pair's first response is better.
    """
    return np.stack([judge(prompts, first, second), -judge(prompts, second, first)]).astype(float)
