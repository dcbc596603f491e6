"""Stage `mixes`: reward models on one source, on all sources mixed, and on all through MORE.

In: ``outputs/<scale>/sources/``.  Out: ``outputs/<scale>/mixes/<name>/``, one folder a model, and
``results/<scale>/mixes/``: which model is which, its margins on the test pairs, its steps, the
chances of the labels of these, and what a positive control reads of them.
"""

import pandas as pd

from proxyreward.data import pairs
from proxyreward.pipeline import mix_tables
from proxyreward.pipeline.mix_family import items, ladder, ladder_table, table
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, results, run_items, write_tables
from proxyreward.reward.mixes import TESTS, TRAINING, train


def run(params: Params) -> None:
    """Train and test what is missing or changed; write what the findings read."""
    data, folder, rms = outputs(params, "sources"), results(params, "mixes"), table(params)
    mixes, rungs = items(params), ladder(params)
    asked = [*(item for item, _ in mixes), *rungs]
    folders = run_items(params, "mixes", asked, train, [data])
    tests = pairs.read(data / (TRAINING if params.mixes.folds else TESTS))
    names, less = [row["rm"] for _, row in mixes], [item.name for item in rungs]
    folders, others = folders[: len(names)], folders[len(names) :]
    scores = mix_tables.read_scores(names, folders)
    shown = mix_tables.shown(rms, params.mixes.bases[-1])
    drawn = {name: scores[name] for name in shown}
    tuned = {name: frame for name, frame in scores.items() if frame["tuned"].notna().all()}
    frames: dict[str, pd.DataFrame] = {
        "margins": mix_tables.margins(tests, scores, "margin"),
        "tuned": mix_tables.margins(tests, tuned, "tuned"),
        "rewards": mix_tables.rewards(tests, drawn),
        "labels": mix_tables.labels(tests, params.mixes.conflicts),
        "ladder_margins": mix_tables.margins(tests, mix_tables.read_scores(less, others), "margin"),
    }
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
    steps = mix_tables.steps(names, folders)
    controls = mix_tables.controls(rms, frames["margins"], frames["labels"])
    lists = {"rms": rms, "steps": steps, "ladder": ladder_table(params), "controls": controls}
    write_tables(lists, folder)


if __name__ == "__main__":
    main("mixes", run)
