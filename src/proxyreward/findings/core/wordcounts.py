"""A linear model on word counts: the reference that a small reward model has to be read against.

In: pairs to learn from and others. Out: margins of the latter. Called by `heldout` and the stage
`evidence`.
"""

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import optimize, sparse, special

L2 = 1.0
"""Weight of ½‖w‖² beside the summed log loss."""
SIDES = ("chosen", "rejected")


def heldout_margins(pairs: pd.DataFrame, fold: np.ndarray) -> np.ndarray:
    """Margins of the model that :func:`margins` fits, each from held-out folds.

    Parameters
    ----------
    pairs : frame with columns ``chosen`` and ``rejected``.
    fold : ``(pairs,)`` fold numbers; at least two different ones.

    Returns
    -------
    ``(pairs,)`` margins.
    """
    found = np.empty(len(pairs))
    for number in np.unique(fold):
        out = fold == number
        found[out] = margins(pairs[~out], pairs[out])
    return found


def margins(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Margins of a logistic regression on differences of tf-idf vectors.

    A response is the tf-idf vector v of its words and neighbouring word pairs, scaled to length 1.
    w minimises Σ log(1 + exp(−wᵀ(v_chosen − v_rejected))) + ½‖w‖² over the training pairs; the
    margin of a test pair is wᵀ(v_chosen − v_rejected). There is no intercept, so swapping the two
    responses of a pair flips the sign of its margin.

    Parameters
    ----------
    train, test : frames with columns ``chosen`` and ``rejected``.

    Returns
    -------
    ``(test pairs,)`` margins.
    """
    chosen, rejected = ([terms(text) for text in train[side]] for side in SIDES)
    weights = _inverse_frequencies(chosen + rejected)
    vocabulary = {term: column for column, term in enumerate(weights)}
    idf = np.array(list(weights.values()))
    w = _fit(_vectors(chosen, vocabulary, idf) - _vectors(rejected, vocabulary, idf))
    ends = [_vectors([terms(text) for text in test[side]], vocabulary, idf) @ w for side in SIDES]
    return ends[0] - ends[1]


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
