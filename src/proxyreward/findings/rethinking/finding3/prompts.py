"""What paraphrasing and rewriting do to a prompt: similarity of text, and the category.

In: the accuracy prompts in their three variants. Out: one row per prompt. It needs no model, so
the measure of meaning is a crude one: shared words and letters, rare ones counting more. Called by
`tables`.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from proxyreward.data.transcripts import last_request
from proxyreward.findings.core.wordcounts import terms
from proxyreward.vocabulary import ORIGINAL, PARAPHRASE, REWRITE

FOLDS = 5


def compare(prompts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Similarity of each prompt to its paraphrase and its rewrite, and guessed categories.

    Parameters
    ----------
    prompts : DataFrame with columns variant, prompt_id, category, prompt
        Each prompt in all three variants.
    rng : numpy.random.Generator
        Source of the folds.

    Returns
    -------
    DataFrame
        `prompt_id`, `category`; `paraphrase` and `rewrite`, the cosine of the tf-idf vectors with
        those of the original, 0..1; `guess`, the category of the nearest centroid of the other
        folds' originals for the original, and `guess_rewrite`, that of all originals for the
        rewrite.
    """
    wide = prompts.pivot(index="prompt_id", columns="variant", values="prompt")
    category = prompts[prompts["variant"] == ORIGINAL].set_index("prompt_id")["category"]
    labels = category.loc[wide.index].to_numpy()
    texts = [last_request(text) for name in (ORIGINAL, PARAPHRASE, REWRITE) for text in wide[name]]
    vectors = tfidf([_features(text) for text in texts])
    original, paraphrase, rewrite = (vectors[i * len(wide) : (i + 1) * len(wide)] for i in range(3))
    fold = rng.permutation(len(wide)) % FOLDS
    guess = np.empty(len(wide), dtype=object)
    for number in range(FOLDS):
        out = fold == number
        guess[out] = nearest(original[~out], labels[~out], original[out])
    return pd.DataFrame(
        {
            "prompt_id": wide.index,
            "category": labels,
            "paraphrase": original.multiply(paraphrase).sum(axis=1),
            "rewrite": original.multiply(rewrite).sum(axis=1),
            "guess": guess,
            "guess_rewrite": nearest(original, labels, rewrite),
        }
    )


def tfidf(texts: Sequence[Counter[str]]) -> sparse.csr_array:
    r"""Rows :math:`n_t \ln\frac{1 + N}{1 + N_t}` of each term t, scaled to length 1.

    With n the count in the text, N all texts and N_t those with the term. A text whose terms are
    in all texts is a zero row.
    """
    column = {term: place for place, term in enumerate(sorted(set().union(*texts)))}
    counts = sparse.csr_array(
        (
            [float(count) for text in texts for count in text.values()],
            [column[term] for text in texts for term in text],
            np.cumsum([0, *map(len, texts)]),
        ),
        shape=(len(texts), len(column)),
    )
    holding = np.bincount(counts.indices, minlength=len(column))
    weighted = counts.multiply(np.log((1 + len(texts)) / (1 + holding))).tocsr()
    length = np.sqrt(weighted.multiply(weighted).sum(axis=1))
    return weighted.multiply(1 / np.where(length > 0, length, 1.0)[:, None]).tocsr()


def nearest(known: sparse.csr_array, labels: np.ndarray, asked: sparse.csr_array) -> np.ndarray:
    """Label whose centroid of known rows has the largest cosine with each asked row."""
    names = np.unique(labels)
    centroids = np.stack([known[labels == name].sum(axis=0) for name in names])
    length = np.linalg.norm(centroids, axis=1, keepdims=True)
    return names[np.argmax(asked @ (centroids / np.where(length > 0, length, 1.0)).T, axis=1)]


def _features(text: str) -> Counter[str]:
    """Words, neighbouring word pairs and runs of three letters, the latter marked by a #."""
    spaced = f" {text.lower()} "
    return terms(text) + Counter(f"#{spaced[i : i + 3]}" for i in range(len(spaced) - 2))
