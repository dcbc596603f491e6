"""Accuracy, Spearman and NDR as one writes them with pandas and SciPy: what `evaluate` is timed by.

In: a long CSV of scores without gaps (`prompt_id, response_id, model, score`), and golden models.
Out: a table with a row for each golden and model. One loop over the pairs of models and one over
the prompts; what belongs to a prompt alone, such as the places of its pairs, is worked out once.

Run: python benchmarks/plain_evaluation.py FILE [GOLDEN ...]    (every model in turn without one)
"""

import sys

import numpy as np
import pandas as pd
from scipy.special import comb
from scipy.stats import spearmanr

NS = (4, 16, 64)


def evaluate(path: str, goldens: list[str] | None = None) -> pd.DataFrame:
    """Means over prompts: accuracy and Spearman, and NDR at each of `NS`."""
    frame = pd.read_csv(path)
    wide = frame.pivot(index=["prompt_id", "response_id"], columns="model", values="score")
    prompts = [part for _, part in wide.groupby(level="prompt_id")]
    prompts = [{name: part[name].to_numpy() for name in part} for part in prompts]
    rows = []
    for golden in goldens or list(wide.columns):
        for model in wide.columns.drop(golden):
            found = [measures(scores[golden], scores[model]) for scores in prompts]
            rows.append({"golden": golden, "model": model, **summary(pd.DataFrame(found))})
    return pd.DataFrame(rows)


def measures(golden: np.ndarray, model: np.ndarray) -> dict[str, float]:
    """Accuracy, Spearman and rewards of the best of n on one prompt; ties of the model half."""
    one, other = np.triu_indices(len(golden), k=1)
    truth = np.sign(golden[one] - golden[other])
    right = 0.5 + 0.5 * truth * np.sign(model[one] - model[other])
    found = {
        "accuracy": right[truth != 0].mean(),
        "spearman": spearmanr(golden, model).statistic,
        "start": golden.mean(),
    }
    chosen, best = golden[np.argsort(model)], np.sort(golden)
    for n in NS:
        if n <= len(golden):
            weights = comb(np.arange(len(golden)), n - 1) / comb(len(golden), n)
            found |= {f"chosen {n}": weights @ chosen, f"best {n}": weights @ best}
    return found


def summary(found: pd.DataFrame) -> dict[str, float]:
    """Means over prompts, and NDR as a ratio of these."""
    mean = found.mean()
    ndr = {
        f"ndr {n}": (mean[f"chosen {n}"] - mean["start"]) / (mean[f"best {n}"] - mean["start"])
        for n in NS
        if f"best {n}" in mean
    }
    return {"accuracy": mean["accuracy"], "spearman": mean["spearman"], **ndr}


if __name__ == "__main__":
    print(evaluate(sys.argv[1], sys.argv[2:]).to_string())
