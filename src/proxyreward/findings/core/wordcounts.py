"""A linear model on word counts: the reference that a small reward model has to be read against.

In: pairs and their folds. Out: held-out margins. Called by `heldout`.
"""

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import optimize, sparse, special

L2 = 1.0
"""Weight of ½‖w‖² beside the summed log loss."""


def heldout_margins(pairs: pd.DataFrame, fold: np.ndarray) -> np.ndarray:
    """Margins of a logistic regression on differences of tf-idf vectors, each from held-out folds.

    A response is the tf-idf vector v of its words and neighbouring word pairs, scaled to length 1.
    For each fold, w minimises Σ log(1 + exp(−wᵀ(v_chosen − v_rejected))) + ½‖w‖² over the other
    folds; the margin of a pair is wᵀ(v_chosen − v_rejected). There is no intercept, so swapping
    the two responses of a pair flips the sign of its margin.

    Parameters
    ----------
    pairs : frame with columns ``chosen`` and ``rejected``.
    fold : ``(pairs,)`` fold numbers; at least two different ones.

    Returns
    -------
    ``(pairs,)`` margins.
    """
    counts = [[terms(text) for text in pairs[field]] for field in ("chosen", "rejected")]
    margins = np.empty(len(pairs))
    for number in np.unique(fold):
        held_out, kept = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        train = [[column[row] for row in kept] for column in counts]
        weights = _inverse_frequencies(train[0] + train[1])
        vocabulary = {term: column for column, term in enumerate(weights)}
        idf = np.array(list(weights.values()))
        differences = _vectors(train[0], vocabulary, idf) - _vectors(train[1], vocabulary, idf)
        w = _fit(differences)
        chosen, rejected = (
            _vectors([column[row] for row in held_out], vocabulary, idf) @ w for column in counts
        )
        margins[held_out] = chosen - rejected
    return margins


def terms(text: str) -> Counter[str]:
    """Counts of the words and neighbouring word pairs of a text, in lower case."""
    words = re.findall(r"\w+", text.lower())
    return Counter(words) + Counter(map(" ".join, zip(words, words[1:], strict=False)))


def _inverse_frequencies(texts: list[Counter[str]]) -> dict[str, float]:
    """Smoothed idf, ln((1 + texts) / (1 + texts with the term)) + 1, terms in sorted order."""
    found = Counter(term for counts in texts for term in counts)
    return {term: np.log((1 + len(texts)) / (1 + found[term])) + 1 for term in sorted(found)}


def _vectors(
    texts: Iterable[Counter[str]], vocabulary: dict[str, int], idf: np.ndarray
) -> sparse.csr_array:
    """Tf-idf rows of length 1, ``(texts, terms)``; a text without known terms is a zero row."""
    rows, columns, values = [], [], []
    for row, counts in enumerate(texts):
        known = [(vocabulary[term], count) for term, count in counts.items() if term in vocabulary]
        vector = np.array([count * idf[column] for column, count in known])
        rows += [row] * len(known)
        columns += [column for column, _ in known]
        values += list(vector / np.linalg.norm(vector)) if len(known) else []
    return sparse.csr_array((values, (rows, columns)), shape=(len(texts), len(idf)), dtype=float)


def _fit(differences: sparse.csr_array) -> np.ndarray:
    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = differences @ w
        pull = special.expit(-margin)
        value = np.logaddexp(0, -margin).sum() + L2 * (w @ w) / 2
        return value, L2 * w - differences.T @ pull

    start = np.zeros(differences.shape[1])
    return optimize.minimize(loss, start, jac=True, method="L-BFGS-B").x
