"""Stage `data`: preference pairs from the world or from real files, and a tokenizer for them.

In: nothing, or the files that `data.name` points to.  Out: ``outputs/<scale>/data/``, and what was
read and kept in ``results/<scale>/data/``.
"""

import json
import sys

import numpy as np

from proxyreward.data import folds, pairs
from proxyreward.data.load import load_pairs
from proxyreward.data.report import LoadReport
from proxyreward.files import write_whole
from proxyreward.models.tokenizer import make_tokenizer
from proxyreward.pipeline.bases import write_bases
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, naming, outputs, results
from proxyreward.pipeline.world_data import texts, write_world


def run(params: Params) -> None:
    """Write pairs, folds and tokenizer; for the world also everything that is asked in it."""
    folder = outputs(params, "data")
    folder.mkdir(parents=True, exist_ok=True)
    world = params.data.source == "world"
    write_bases(params, [params.model.base], world, folder)
    if world:
        frame, read = write_world(params.world, params.seed, folder)
        report = LoadReport("world", "the embedded world", None, len(frame), len(frame))
    else:
        real = params.data
        with naming("data.name"):
            frame, report = load_pairs(
                real.source, real.name, real.subset, real.split, real.max_records
            )
        print(report, file=sys.stderr)
        read = texts(frame, "chosen", "rejected")
    told = json.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n"
    write_whole(results(params, "data") / "report.json", told)
    pairs.write(frame, folder / "pairs.parquet")
    if params.reward.folds:
        held_out = folds.assign(frame["prompt"], params.reward.folds, params.seed)
        np.save(folder / "folds.npy", held_out)
    tokenizer = make_tokenizer(params.model.base, read, params.tokenizer.vocab_size)
    tokenizer.save_pretrained(folder / "tokenizer")


if __name__ == "__main__":
    main("data", run)
