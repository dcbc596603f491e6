"""What `plain_evaluation.py` computes, by functions of the package: the same work, and no more.

In: a long CSV of scores without gaps and ties, in which every prompt has equally many responses,
and golden models. Out: the same table.

Run: PYTHONPATH=src python benchmarks/package_evaluation.py FILE [GOLDEN ...]
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.evaluation import within
from proxyreward.evaluation.groups import groups
from proxyreward.evaluation.reading import Options, read
from proxyreward.metrics.best_of_n import best_of_n_curves
from proxyreward.metrics.within_prompt import METRICS, across

NS = (4, 16, 64)


def evaluate(path: str, goldens: list[str] | None = None) -> pd.DataFrame:
    """Means over prompts: accuracy and Spearman, and NDR at each of `NS`."""
    scores, _ = read([Path(path)], Options())
    goldens = goldens or list(scores.models)
    (group,) = groups(scores, goldens, scores.models)
    (values,) = (block.values for block in group.blocks)
    truth = values[group.places(goldens)]
    models = values[group.places(scores.models)]
    found = {
        "accuracy": within.shares(group, scores.prompts).mean(axis=-1),
        "spearman": across(METRICS["spearman"], truth, models[None]),
    }
    reached = best_of_n_curves(models, (1, *NS))
    gained = reached - reached[:, :, :1]
    possible = np.diagonal(gained).T[:, None]
    ndr = (gained / np.where(possible, possible, np.nan))[[scores.models.index(g) for g in goldens]]
    found |= {f"ndr {n}": ndr[..., place] for place, n in enumerate(NS, start=1)}
    index = pd.MultiIndex.from_product([goldens, scores.models], names=["golden", "model"])
    table = pd.DataFrame({name: part.ravel() for name, part in found.items()}, index).reset_index()
    return table[table["golden"] != table["model"]].reset_index(drop=True)


if __name__ == "__main__":
    print(evaluate(sys.argv[1], sys.argv[2:]).to_string())
