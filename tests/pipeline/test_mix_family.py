"""Which reward models on several sources the parameters ask for, and the tables of their scores."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from proxyreward import vocabulary
from proxyreward.data.pairs import Pair, to_frame
from proxyreward.pipeline import mix_tables, rejection_family
from proxyreward.pipeline.mix_family import items, ladder, ladder_table, source_names, table
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.typed import ConfigError, build

CONFIG = Path(__file__).parents[2] / "params"
FIVE = ("helpful", "harmless", "oasst", "webgpt", "summarize")


def asked(*words):
    return build(Params, compose(list(words), CONFIG), "test")


@pytest.fixture(scope="module")
def tiny():
    return asked("scale=tiny")


def of(params, scheme, base=None):
    """Items of a scheme by row of the table, first seed."""
    base = base or params.mixes.bases[-1]
    return [
        (item, row)
        for item, row in items(params)
        if row["scheme"] == scheme and row["seed"] == 0 and row["base"] == base
    ]


def test_every_base_has_every_scheme(tiny):
    rms = table(tiny)
    schemes = {"raw", "multitask", "more", *(f"single-{name}" for name in FIVE)}
    for base in tiny.mixes.bases:
        for seed in range(tiny.mixes.seeds if base == tiny.mixes.bases[-1] else 1):
            own = rms[(rms["base"] == base) & (rms["seed"] == seed)]
            assert schemes <= set(own["scheme"])
    assert rms["rm"].is_unique and len(rms) == len(items(tiny))


def test_schemes_of_a_base_and_seed_start_from_the_same_weights(tiny):
    seeds: dict = {}
    for item, row in items(tiny):
        seeds.setdefault((row["base"], row["seed"]), set()).add(item.seed)
    assert all(len(found) == 1 for found in seeds.values())
    assert len(set().union(*seeds.values())) == len(seeds)


def test_orders_are_a_latin_square():
    """Over all orders each later source is added first, second, … once."""
    added = of(asked("scale=tiny", "mixes.orders=2"), vocabulary.ADDED)
    three = {row["order"]: item.sources for item, row in added if row["k"] == 3}
    four = {row["order"]: item.sources for item, row in added if row["k"] == 4}
    assert [three[i][2] for i in range(3)] == list(FIVE[2:])
    assert all(four[i][:3] == three[i] for i in range(3))
    assert {four[i][3] for i in range(3)} == set(FIVE[2:])
    assert [item.sources for item, row in added if row["k"] == 2] == [FIVE[:2]]


def test_a_fixed_total_shares_the_pairs_of_two_sources(tiny):
    mixes = tiny.mixes
    for item, row in of(tiny, vocabulary.FIXED_TOTAL):
        each = item.settings.resampled
        assert each % mixes.pairs_per_source == 0
        assert 0 <= 2 * mixes.resampled - row["k"] * each < row["k"] * mixes.pairs_per_source
        assert item.sources == FIVE and row["k"] == 5


def test_splits_cut_one_source(tiny):
    found = of(tiny, vocabulary.SPLITS)
    assert [row["k"] for _, row in found] == [2, 3, 4, 5]
    assert all(item.sources == FIVE[:1] and item.splits == row["k"] for item, row in found)


def test_controls_differ_from_the_schemes_in_one_thing(tiny):
    def settings(scheme):
        [(item, _)] = of(tiny, scheme)
        return vars(item.settings)

    def changed(one, other):
        return {key for key, value in settings(one).items() if settings(other)[key] != value}

    assert changed(vocabulary.BALANCED, vocabulary.MORE) == {"weighting"}
    assert changed(vocabulary.BALANCED, vocabulary.MULTITASK) == {"order"}
    assert changed(vocabulary.PUBLIC_CODE, vocabulary.MORE) == {"weighting"}
    assert changed(vocabulary.UPGRAD, vocabulary.BALANCED) == {"weighting"}
    assert changed(vocabulary.MULTITASK_AS_IS, vocabulary.MULTITASK) == {"resampled"}
    assert changed(vocabulary.MORE_AS_IS, vocabulary.MULTITASK_AS_IS) == {"weighting"}


def test_rungs_differ_from_their_counterparts_in_the_labels_alone(tiny):
    counterparts = {row["rm"]: item for item, row in items(tiny)}
    rungs = ladder_table(tiny).set_index("rm")
    assert [item.name for item in ladder(tiny)] == list(rungs.index[rungs["conflict"] < 1])
    assert sorted(set(rungs["conflict"])) == [0.0, 0.5, 1.0] and len(rungs) == 6
    assert set(rungs["scheme"]) == {"multitask", "more"}
    for item in ladder(tiny):
        rung = rungs.loc[item.name]
        expected = replace(counterparts[rung["of"]], name=item.name, conflict=rung["conflict"])
        assert item == replace(expected, tuned=None)
        assert item.shape.hidden_size == 16
    assert all(item.conflict == 1 for item in counterparts.values())


def test_real_sources_have_folds_and_no_controls():
    params = asked("scale=real-more")
    names = source_names(params)
    assert names == (*FIVE[:4], "squality")
    rms = table(params)
    assert set(rms["scheme"]) == {"raw", "multitask", "more", *(f"single-{n}" for n in names)}
    assert len(items(params)) == params.mixes.folds * len(rms)


@pytest.mark.parametrize(
    "words, message",
    [
        (["mixes.resampled=100"], "multiple of pairs_per_source"),
        (["mixes.folds=5"], "folds' must be 2 or more for real sources, and 0 for"),
        (["mixes.bases=[64x1x5]"], "width that is a multiple of 2 x heads"),
        (["mixes.conflicts=[0.5, 1.0]"], "must lie in \\[0, 1\\)"),
        (["mixes.orders=3"], "less than the number of sources after the second"),
        (["mixed=[]"], "'mixed' must be"),
        (["data.source=local"], "'data.name' must be given"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(words, message):
    with pytest.raises(ConfigError, match=message):
        asked("scale=tiny", *words)


def test_a_pretrained_base_is_taken_by_name():
    params = asked("scale=tiny", "mixes.bases=[EleutherAI/pythia-70m]")
    item, row = items(params)[0]
    assert item.base == row["base"] == "EleutherAI/pythia-70m" and "/" not in item.name


def test_a_pretrained_reward_model_scores_candidates_with_its_own_tokenizer(monkeypatch):
    monkeypatch.setattr(rejection_family, "content_hash", lambda path: "")
    params = asked("scale=tiny", "mixes.bases=[EleutherAI/pythia-70m, 16x1x2]")
    used = {row["base"]: set() for _, row in items(params)}
    for scoring, (_, row) in zip(rejection_family.scorings(params), items(params)):
        used[row["base"]].add(scoring.tokenizer)
    assert used["EleutherAI/pythia-70m"] == {"EleutherAI/pythia-70m"}
    assert used["16x1x2"] == {"outputs/tiny/sources/tokenizer"}


# --- Tables --------------------------------------------------------------------------------------


@pytest.fixture()
def tests_frame():
    pairs = [Pair("\n\nHuman: a\n\nAssistant:", "b", "c", source) for source in ("x", "y", "y")]
    return to_frame(pairs)


def test_folds_of_a_model_become_one_column_in_the_order_of_the_pairs(tests_frame, tmp_path):
    for fold, ids in enumerate(([2], [0, 1])):
        folder = tmp_path / str(fold)
        folder.mkdir()
        values = np.array(ids, dtype=np.float32)
        scores = {"pair_id": ids, "chosen": values + 1, "rejected": 2 * values, "tuned": values}
        pd.DataFrame(scores).to_parquet(folder / mix_tables.SCORES)
    scores = mix_tables.read_scores(["m", "m"], [tmp_path / "0", tmp_path / "1"])
    margins = mix_tables.margins(tests_frame, scores, "margin")
    assert margins["m"].tolist() == [1, 0, -1] and margins["m"].dtype == np.float32
    assert margins["source"].tolist() == ["x", "y", "y"]
    rewards = mix_tables.rewards(tests_frame, scores)
    assert rewards["pair_id"].tolist() == [0, 0, 1, 1, 2, 2]
    assert rewards["side"].tolist() == [0, 1] * 3
    assert rewards["m"].tolist() == [1, 0, 2, 2, 3, 4]
