"""Accuracy on other prompts than those of the downstream test, and how prompts were changed.

In: test-set scores, NDRs and prompts of `evidence`. Out: the coefficients of repeated draws, and
tables of means. Called by the stage `finding3`, and by the notebook for other draws or another n.

No model judges how alike two prompts are, so the measure of meaning is a crude one: shared words
and letters, rare ones counting more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from proxyreward.data.transcripts import last_request
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.wordcounts import terms
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.repeats import coefficients, ndrs, overall, summary
from proxyreward.metrics.testset import TestSet
from proxyreward.vocabulary import (
    BEST_OF_N,
    INITIAL,
    JOINT,
    MAIN,
    ORIGINAL,
    PARAPHRASE,
    PENALTY,
    PPO,
    REWRITE,
)

SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
STRATEGIES = (PARAPHRASE, REWRITE)
SEPARATE, SAFETY = "separate", "Safety"
CELL = ["downstream", "accuracy_on"]
FOLDS = 5


def draw(
    evidence: Evidence,
    *,
    draws: int,
    rng: np.random.Generator,
    n: int = 0,
    shares: Sequence[float] = SHARES,
) -> dict[str, pd.DataFrame]:
    """Spearman of accuracy and NDR for each draw and golden RM, and how prompts were changed.

    Parameters
    ----------
    draws : of each test set, two responses per prompt, from `rng`.
    n : of best-of-n in `shares`; 0 takes the largest, which alone has policies per category.
    shares : of prompts to reword or replace, rising from 0 to 1.

    Returns
    -------
    dict of DataFrame
        `categories` (downstream, accuracy_on, optimiser, draw, golden, coefficient), the optimisers
        being those two, and one PPO run on all prompts (`joint`) and one per category (`separate`)
        of the reward models that were trained in both ways, if there are three;
        `shares` (strategy, share, optimiser, draw, golden, coefficient), where every prompt has one
        response of each writer to draw from, in all variants;
        `prompts`, of :func:`compare`; `sizes`, one row.
    """
    tests, names = evidence.testset(), evidence.names()
    downstream = set(evidence.regret["category"])
    errors = {
        name: np.stack([tests.category(name).draw(2, rng).error() for _ in range(draws)])
        for name in np.unique(tests.categories)
        if name in downstream
    }
    few, alone = _alone(evidence, list(errors))
    same, categories, changes = np.ix_(few, few), [], []
    for of in errors:
        ndr = ndrs(evidence, category=of)
        for name, error in errors.items():
            cell = {"downstream": of, "accuracy_on": name}
            categories.append(coefficients(error, ndr, names, **cell))
            if few:
                kept = [names[i] for i in few]
                categories.append(coefficients(error[:, *same], alone[of], kept, **cell))
    for strategy in STRATEGIES:
        changed = evidence.testset(strategy)
        places = [int(np.argmax(tests.sources == source)) for source in changed.sources]
        # The same writers, a response each: only the prompt differs between the two.
        plain = TestSet.of(tests.labels[..., places], tests.categories, changed.sources)
        for share in shares:
            mixed = (plain.draw(2, rng).mix(changed.draw(2, rng), share, rng) for _ in range(draws))
            error, condition = [test.error() for test in mixed], {"strategy": strategy}
            changes.append(coefficients(error, ndrs(evidence, n), names, **condition, share=share))
    rms, prompts, responses = tests.labels.shape
    sizes = {"rms": rms, "separate_rms": len(few), "prompts": prompts, "responses": responses}
    sizes |= {"writers": len(places), "draws": draws}
    sizes["n"] = evidence.policies(BEST_OF_N, family=MAIN, policy=INITIAL)["n"].max()
    return {
        "categories": pd.concat(categories, ignore_index=True),
        "shares": pd.concat(changes, ignore_index=True),
        "prompts": compare(evidence.prompts, rng),
        "sizes": pd.DataFrame([sizes]),
    }


def estimates(drawn: Mapping[str, pd.DataFrame], registry: Registry) -> dict[str, pd.DataFrame]:
    """Means over golden RMs and draws, or over prompts, of the tables of :func:`draw`.

    Returns
    -------
    dict of DataFrame
        `categories` (optimiser, downstream, accuracy_on, measure, value, paper), `measure` being
        the `mean` over draws or the `sd` from draw to draw;
        `advantages` (optimiser, measure, value, paper), the measures of :func:`leads`;
        `shares` (strategy, share, optimiser, value);
        `prompts` (category, measure, value), the measures being the mean similarity of
        `paraphrase` and `rewrite`, the share of originals whose held-out guess is right (`guess`)
        and that of rewrites (`guess_rewrite`).
    """
    printed = printed_categories(registry).rename(columns={"value": "paper"})
    keys = ["optimiser", *CELL]
    means = overall(drawn["categories"], *keys).assign(measure="mean").merge(printed, how="left")
    advantages = [
        (optimiser, measure, value, leads(square(rows, "paper"))[measure])
        for optimiser, rows in means.groupby("optimiser", sort=False)
        for measure, value in leads(square(rows, "value")).items()
    ]
    return {
        "categories": summary(drawn["categories"], *keys).merge(printed, how="left"),
        "advantages": pd.DataFrame(advantages, columns=["optimiser", "measure", "value", "paper"]),
        "shares": overall(drawn["shares"], "strategy", "share", "optimiser"),
        "prompts": _by_category(drawn["prompts"]),
    }


def printed_categories(registry: Registry) -> pd.DataFrame:
    """The paper's Table 3: optimiser, downstream, accuracy_on, measure, value."""
    rows = [
        (optimiser, row, column, measure, cell[key])
        for name, optimiser in (("BoN", BEST_OF_N), ("PPO", PPO))
        for row, cells in registry.printed("rethinking.table3", name).items()
        for column, cell in cells.items()
        for measure, key in (("mean", "mean"), ("sd", "pm"))
    ]
    return pd.DataFrame(rows, columns=["optimiser", *CELL, "measure", "value"])


def square(table: pd.DataFrame, column: str) -> np.ndarray:
    """A column of one kind of policies as (downstream, accuracy_on), in alphabetical order."""
    return table.pivot(index="downstream", columns="accuracy_on", values=column).to_numpy()


def leads(matrix: np.ndarray) -> dict[str, float]:
    """Does the same category predict better? Of coefficients (downstream, accuracy_on):

    `same` and `other`, the means of the cells of one category and of two; `columns` and `rows`,
    how many have their largest cell on the diagonal. NaN if a cell is.

    >>> leads(np.array([[2, 1], [3, 4]]))
    {'same': 3.0, 'other': 2.0, 'columns': 1.0, 'rows': 2.0}
    """
    diagonal = np.eye(len(matrix), dtype=bool)
    found = {"same": float(matrix[diagonal].mean()), "other": float(matrix[~diagonal].mean())}
    for axis, name in enumerate(("columns", "rows")):
        count = float((matrix.argmax(axis) == np.arange(len(matrix))).sum())
        found[name] = np.nan if np.isnan(matrix).any() else count
    return found


def _alone(
    evidence: Evidence, categories: list[str]
) -> tuple[list[int], dict[str, dict[str, np.ndarray]]]:
    """Places of the RMs with a PPO policy for each category, none for under 3; and NDR.

    NDR on a category's prompts, of the policy for them (`separate`) and of a single one on all
    prompts (`joint`), with the same KL coefficient.
    """
    names, runs = evidence.names(), evidence.policies(PPO, family=MAIN, policy=INITIAL)
    separate = runs[runs["training"] == runs["category"]]
    counts = separate[separate["golden"] == separate["proxy"]].groupby("proxy")["category"]
    places = [i for i, name in enumerate(names) if counts.nunique().get(name) == len(categories)]
    if len(places) < 3:
        return [], {}
    single = (runs["setting"] == PENALTY) & runs["kl_coef"].isin(separate["kl_coef"])
    kept = [names[i] for i in places]
    found = {
        of: {
            name: evidence.square(rows[rows["category"] == of], "ndr")
            for name, rows in (
                (JOINT, _among(runs[single], kept)),
                (SEPARATE, _among(separate, kept)),
            )
        }
        for of in categories
    }
    return places, found


def _among(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    return rows[rows["golden"].isin(names) & rows["proxy"].isin(names)]


def compare(prompts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Similarity of each prompt to its paraphrase and its rewrite, and guessed categories.

    Parameters
    ----------
    prompts : variant, prompt_id, category, prompt: each prompt in all three variants.
    rng : source of the folds.

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
    rows = tfidf([_features(text) for text in texts])
    original, paraphrase, rewrite = (rows[i * len(wide) : (i + 1) * len(wide)] for i in range(3))
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
    counts = [float(count) for text in texts for count in text.values()]
    places = [column[term] for text in texts for term in text]
    ends = np.cumsum([0, *map(len, texts)])
    rows = sparse.csr_array((counts, places, ends), shape=(len(texts), len(column)))
    holding = np.bincount(places, minlength=len(column))
    rows = rows.multiply(np.log((1 + len(texts)) / (1 + holding))).tocsr()
    length = np.sqrt(rows.multiply(rows).sum(axis=1))
    return rows.multiply(1 / np.where(length > 0, length, 1.0)[:, None]).tocsr()


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


def _by_category(prompts: pd.DataFrame) -> pd.DataFrame:
    """Means over all prompts, without Safety, and of each category."""
    measures = prompts[["paraphrase", "rewrite"]].assign(
        **{name: prompts[name] == prompts["category"] for name in ("guess", "guess_rewrite")}
    )
    category = prompts["category"]
    groups = {"all": category != "", f"without {SAFETY}": category != SAFETY}
    groups |= {name: category == name for name in np.unique(category)}
    means = pd.DataFrame({name: measures[chosen].mean() for name, chosen in groups.items()})
    return means.melt(var_name="category", ignore_index=False).reset_index(names="measure")
