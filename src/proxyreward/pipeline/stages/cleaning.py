"""Stage `cleaning`: records with known defects, judged again and cleaned (paper *elephant*).

In: ``outputs/<scale>/data/``.  Out: ``outputs/<scale>/cleaning/``: ``records.parquet`` (see
`world.dirty`), a file of pairs for each training set of `data.variants`, two that hold other
records, and the cleaned test pairs, ``tests.parquet``, each with its subset as source.
"""

import pandas as pd

from proxyreward.data import pairs, variants
from proxyreward.data.transcripts import last_request
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs
from proxyreward.vocabulary import (
    CLEAN_AND_MORE,
    CLEANED,
    COST,
    HARMLESS_BASE,
    MIXED,
    TEST,
    TRAIN,
)
from proxyreward.world import dirty

RECORDS, TESTS = "records.parquet", "tests.parquet"


def run(params: Params) -> None:
    """Draw, judge and clean."""
    folder, cleaning = outputs(params, "cleaning"), params.cleaning
    folder.mkdir(parents=True, exist_ok=True)
    bench = pd.read_parquet(outputs(params, "data") / "bench.parquet", columns=["prompt"])
    shared = frozenset(bench["prompt"].map(last_request)), params.seed
    sizes, quality = (cleaning.records, cleaning.test_records), cleaning.quality
    found = dirty.records(*sizes, quality, cleaning.conflict, *shared)
    found.to_parquet(folder / RECORDS, index=False)
    training, tests = (found[found["split"] == split] for split in (TRAIN, TEST))
    sets = variants.training_sets(training, list(dirty.ANNOTATORS), params.seed)
    cost = dirty.drawn(TRAIN, HARMLESS_BASE, cleaning.cost_records, quality, 1.0, *shared)
    further = (TRAIN, MIXED, cleaning.further_records, quality, cleaning.conflict, *shared)
    more = variants.cleaned(dirty.drawn(*further, "further records"))
    sets[COST] = variants.as_pairs(cost)
    sets[CLEAN_AND_MORE] = variants.as_pairs(pd.concat([sets[CLEANED], more]))
    for name, frame in sets.items():
        pairs.write(frame, folder / f"{name}.parquet")
    pairs.write(variants.cleaned(tests), folder / TESTS)


if __name__ == "__main__":
    main("cleaning", run)
