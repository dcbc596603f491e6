"""Stage `sources`: preference pairs of several sources, from the world or from real files.

In: nothing, or the files of ``mixes.origins``.  Out:
``outputs/<scale>/sources/``; ``results/<scale>/sources/statistics.csv``, for the world's
``conflict.csv``, on how many test pairs two sources disagree, and for real files what each loader
kept.
"""

import numpy as np
import pandas as pd

from proxyreward.data import folds, pairs
from proxyreward.data.statistics import statistics
from proxyreward.models.tokenizer import make_tokenizer
from proxyreward.pipeline import source_data
from proxyreward.pipeline.bases import write_bases
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, results, write_tables
from proxyreward.pipeline.world_data import texts
from proxyreward.reward.mixes import FOLDS, TESTS, TRAINING


def run(params: Params) -> None:
    """Write the pairs of all sources, a tokenizer, and how many there are of what."""
    folder, mixes = outputs(params, "sources"), params.mixes
    folder.mkdir(parents=True, exist_ok=True)
    reports, told = None, {}
    write_bases(params, [params.model.base, *mixes.bases], False, folder)
    if mixes.origins:
        training, reports = source_data.real(params)
        number = folds.assign(training["prompt"], mixes.folds, params.seed)
        least = len(mixes.origins) if mixes.side else 1  # a control cuts a source into as many
        folds.check_sources(training["prompt"], training["source"], number, least)
        np.save(folder / FOLDS, number)
        parts = {"training": training}
    else:
        training, tests = source_data.of_world(params)
        pairs.write(tests, folder / TESTS)
        parts = {"training": training, "test": tests}
        told = {"conflict": source_data.conflict(tests, mixes.conflicts)}
    pairs.write(training, folder / TRAINING)
    read = texts(training, "chosen", "rejected")
    tokenizer = make_tokenizer(params.model.base, read, params.tokenizer.vocab_size)
    tokenizer.save_pretrained(folder / "tokenizer")
    found = [statistics(frame, reports).assign(part=part) for part, frame in parts.items()]
    write_tables(told | {"statistics": pd.concat(found)}, results(params, "sources"))


if __name__ == "__main__":
    main("sources", run)
