"""Stage `evaluation`: scores of labelled pairs that a reward model has not seen, and its accuracy.

In: ``outputs/<scale>/{data,reward_models}/``.  Out: ``results/<scale>/evaluation/*.csv`` for the
main family; the scores of all stay in ``outputs/<scale>/evaluation/``.
"""

import pandas as pd

from proxyreward.data import folds, pairs
from proxyreward.files import content_hash
from proxyreward.findings.real import heldout
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.reward_families import families, members
from proxyreward.pipeline.stage import main, outputs, results, run_items, write_tables
from proxyreward.reward.scorings import PAIRS, HeldOut, held_out
from proxyreward.vocabulary import MAIN

REFERENCE_FOLDS = 5  # for the word-count reference where the reward models need no folds


def label(flip_rate: float) -> str:
    """What the tables call a reward model."""
    return f"reward model, {flip_rate:.0%} of labels flipped" if flip_rate else "reward model"


def run(params: Params) -> None:
    """Score unseen pairs, then compare with chance, length and word counts."""
    data, models = outputs(params, "data"), outputs(params, "reward_models")
    items = [
        HeldOut(
            name=member.name,
            data=str(data),
            model=str(models / member.name),
            model_hash=content_hash(models / member.name),
            fold=member.fold,
            max_length=params.model.max_length,
        )
        for member in members(params)
    ]
    done = dict(zip(members(params), run_items(params, "evaluation", items, held_out, [data])))

    frame = pairs.read(data / ("pairs.parquet" if params.reward.folds else "bench.parquet"))
    number = folds.assign(frame["prompt"], params.reward.folds or REFERENCE_FOLDS, params.seed)
    scored = [
        pd.read_parquet(done[member] / PAIRS).assign(rm=label(member.flip_rate))
        for member in families(params)[MAIN]
    ]
    table = pd.concat(scored, ignore_index=True)
    table["margin"] = table.pop("chosen") - table.pop("rejected")
    table["fold"] = number[table["pair_id"]]
    write_tables(heldout.compute(table, frame), results(params, "evaluation"))


if __name__ == "__main__":
    main("evaluation", run)
