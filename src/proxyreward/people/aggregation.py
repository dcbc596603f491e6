r"""What people prefer, from their votes: the paper's majority, or the model of Dawid and Skene.

In: votes. Out: for each pair, which response they prefer: 1 the chosen, -1 the rejected, 0 neither.

The majority (:func:`proxyreward.data.cleaning.winners`) takes all annotators to be equally good.
Dawid and Skene estimate how often each of them takes one answer for another, and how common each
answer is, by expectation maximisation (package crowd-kit); a response wins with a posterior above
1/2. So 2:2 is decided by who voted, and where all are equally good by which answer is more common:
then hardly a pair is vague but by ties.

The third in crowd-kit, ``NoisyBradleyTerry`` (scores of items, skill and bias of annotators), is
not offered: the gradient that version 1.4.2 climbs is not that of its likelihood (`findings/` has
a script that shows it), and two responses that are compared with nothing else have no scores that
it could learn from other pairs.

References
----------
Dawid and Skene 1979, Maximum likelihood estimation of observer error-rates using the EM algorithm.
"""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from proxyreward.data.cleaning import winners
from proxyreward.data.report import DataError
from proxyreward.people.votes import CHOSEN, REJECTED, SKIP, TIE, Votes

STEPS = 1000
"""Of expectation maximisation at most; it stops when the likelihood of a vote gains below 1e-5."""
EXTRA = "install it with: pip install 'proxyreward[people]'"


def majority(votes: Votes) -> np.ndarray:
    """More than half of the valid votes; int ``(pairs,)``."""
    counts = votes.counts()
    return winners(counts[:, CHOSEN], counts[:, REJECTED], counts[:, TIE])


def dawid_skene(votes: Votes) -> np.ndarray:
    """A posterior above 1/2; int ``(pairs,)``. A pair without a valid vote has no winner.

    Raises
    ------
    DataError
        If crowd-kit is not installed, or no vote is valid.
    """
    probability = posterior(votes)
    found = np.zeros(len(votes.ids), np.int8)
    for side, winner in ((CHOSEN, 1), (REJECTED, -1)):
        if side in probability:
            found[probability.index[probability[side] > 0.5]] = winner
    return found


def posterior(votes: Votes) -> pd.DataFrame:
    """Probabilities of the answers that were given (columns) for each pair with a valid vote."""
    try:
        from crowdkit.aggregation import DawidSkene
    except ImportError:
        raise DataError(f"--aggregate dawid-skene needs the package crowd-kit; {EXTRA}") from None
    valid = votes.choice != SKIP
    if not valid.any():
        raise DataError(f"{votes.file}: all votes are skips; give some that are none")
    columns = {"task": votes.pair, "worker": votes.annotator, "label": votes.choice}
    frame = pd.DataFrame({name: column[valid] for name, column in columns.items()})
    with warnings.catch_warnings():  # crowd-kit 1.4.2 uses options that pandas 4 will not have
        warnings.simplefilter("ignore", DeprecationWarning)
        return DawidSkene(n_iter=STEPS).fit_predict_proba(frame)


AGGREGATES: dict[str, Callable[[Votes], np.ndarray]] = {
    "majority": majority,
    "dawid-skene": dawid_skene,
}
