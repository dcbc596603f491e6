"""Calibration against alignment over many reward models."""

from dataclasses import replace
from itertools import combinations
from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata
from scipy.stats import spearmanr as reference
from tests.findings.mixtures import Effect, calibrated, mixtures
from tests.findings.rejections import rejection

from proxyreward.findings.more.mixtures import Draws, temperature_scaled
from proxyreward.findings.more.more_alignment import pool as pools_module
from proxyreward.findings.more.more_alignment import relation
from proxyreward.findings.more.more_alignment.pool import (
    ALIGNED,
    AS_IS,
    EVERY,
    SCALED,
    TRAINED,
    partial_spearman,
)
from proxyreward.findings.more.more_alignment.rows import select
from proxyreward.vocabulary import HH, MORE, MULTITASK, RAW


def level(rm):
    """A number from 0 to 1 that belongs to a reward model's kind."""
    return crc32("-".join(map(str, rm[["scheme", "base", "k", "order"]])).encode()) % 1000 / 1000


def effect(rm, source):
    """The same knowledge everywhere, but margins up to four times too large."""
    return Effect(0.7, calibrated(0.7) * (1 + 3 * level(rm)))


@pytest.fixture(scope="module")
def mixed():
    return mixtures(effect, pairs=150, bases=2, orders=1, steps=2)


@pytest.fixture(scope="module")
def told(mixed):
    return rejection(mixed, skill=lambda rm: 0.9 - 0.8 * level(rm), asked=100)


@pytest.fixture(scope="module")
def pools(mixed, told):
    draws = Draws.of(mixed, 40, np.random.default_rng(0))
    return pools_module.pools(mixed, told, draws, np.random.default_rng(1))


def test_partial_spearman_is_the_correlation_of_residual_ranks():
    rng = np.random.default_rng(0)
    z = rng.normal(size=50)
    x, y = z + rng.normal(size=50), z - 0.5 * rng.normal(size=50)
    a, b, c = (rankdata(values) for values in (x, y, z))
    left = [v - np.polyval(np.polyfit(c, v, 1), c) for v in (a, b)]
    assert partial_spearman(x, y, z) == pytest.approx(np.corrcoef(*left)[0, 1])
    assert np.isnan(partial_spearman(x, z, z))


def test_pools_differ_by_the_models_in_them(mixed, pools, told):
    assert len(pools[EVERY].rms) == len(mixed.rms)
    assert RAW not in set(pools[TRAINED].rms["scheme"])
    assert set(pools[ALIGNED].rms["scheme"]) == {MORE, MULTITASK}
    name = pools[ALIGNED].rms["rm"][0]
    assert pools[ALIGNED].found["oracle"][0, 0] == pytest.approx(
        told.spoken("oracle", [name]).mean()
    )
    place = pools[TRAINED].rms["rm"].tolist().index(name)
    assert pools[TRAINED].found["oracle"][0, place] == pytest.approx(
        told.taken("oracle", [name]).mean()
    )


def test_a_kind_is_drawn_with_all_its_seeds(pools):
    pool = pools[TRAINED]
    kinds = pool.rms.groupby(pools_module.KIND).ngroup().to_numpy()
    np.testing.assert_array_equal(pool.drawn[0], np.arange(len(kinds)))
    for drawn in pool.drawn[1:]:
        times = np.bincount(drawn, minlength=len(kinds))
        for kind in range(kinds.max() + 1):
            assert len(set(times[kinds == kind])) == 1
        assert times.sum() == len(kinds)


def test_alignment_follows_resampled_prompts(pools):
    pool = pools[TRAINED]
    half = pool.prompts.shape[1] // 2
    r, rm = 3, 5
    repeated = np.repeat(pool.values["utility"][rm], pool.prompts[r].astype(int))
    assert pool.found["utility"][r, rm] == pytest.approx(repeated.mean())
    assert pool.prompts[r, :half].sum() == half


def test_planted_relation_is_found_and_vanishes_after_scaling(pools):
    pool = pools[TRAINED]
    plain = -pool.coefficient(AS_IS, "utility")[0]
    scaled = -pool.coefficient(SCALED, "utility")[0]
    assert plain == pytest.approx(
        -reference(pool.found[AS_IS][0], pool.found["utility"][0]).statistic
    )
    assert plain > 0.8
    assert abs(scaled) < 0.4


def test_a_temperature_changes_neither_accuracy_nor_order(mixed):
    margin = mixed.margin(MORE)
    scaled = temperature_scaled(margin)
    np.testing.assert_array_equal(np.sign(scaled), np.sign(margin))
    assert not np.allclose(scaled, margin)


def test_relations_name_every_combination(pools):
    table = relation.relations(pools)
    assert len(table) == 3 * 2 * 5
    [row] = select(table, pool=TRAINED, alignment="utility", what=AS_IS, given="").to_dict(
        "records"
    )
    assert row["estimate"] == pytest.approx(-pools[TRAINED].coefficient(AS_IS, "utility")[0])
    assert row["low"] > 0.5
    assert row["rms"] == 2 * row["kinds"]
    assert table["high"].max() <= 1 and table["low"].min() >= -1


def test_scaled_keeps_means_over_seeds_and_their_difference(mixed, pools):
    draws = Draws.of(mixed, 40, np.random.default_rng(0))
    table = relation.scaled(mixed, pools[EVERY], draws)
    base = mixed.bases[0]
    names = mixed.names(MORE, base)
    own = pools[EVERY].rms["rm"].isin(names).to_numpy()
    value = select(table, base=base, what=SCALED).set_index("of")["estimate"]
    assert value[MORE] == pytest.approx(pools[EVERY].found[SCALED][0, own].mean())
    assert value["difference"] == pytest.approx(value[MORE] - value[MULTITASK])


def brute_pairs(pool):
    """Close pairs in a loop: names, outcome of the choices, difference in ECE."""
    accuracies, eces = pool.found["accuracy"][0], pool.found[AS_IS][0]
    for a, b in combinations(range(len(pool.rms)), 2):
        if round(abs(accuracies[a] - accuracies[b]), 9) < 0.01:
            gap = pool.values["utility"][a] - pool.values["utility"][b]
            yield pool.rms["rm"][a], pool.rms["rm"][b], gap, eces[b] - eces[a]


def test_close_pairs_and_their_agreement_equal_a_loop(pools):
    pool = pools[TRAINED]
    table = relation.close_pairs(pool)
    expected = list(brute_pairs(pool))
    assert table[["a", "b"]].to_numpy().tolist() == [[a, b] for a, b, *_ in expected]
    won = np.array([(gap > 0).sum() for _, _, gap, _ in expected])
    lost = np.array([(gap < 0).sum() for _, _, gap, _ in expected])
    np.testing.assert_array_equal(table["win"], won)
    np.testing.assert_array_equal(table["lose"], lost)
    better = np.sign([d for *_, d in expected])
    decided = won != lost
    agree = (np.sign(won - lost) == better)[decided]
    [row] = select(relation.alternatives(pools), pool=TRAINED, what="share").to_dict("records")
    assert (row["pairs"], row["agree"]) == (decided.sum(), agree.sum())
    assert row["estimate"] == pytest.approx(agree.mean())
    assert row["binomial_low"] < row["estimate"] < row["binomial_high"]


def test_a_drawn_kind_counts_with_its_copies(pools):
    pool = pools[TRAINED]
    agree, total = relation._agreeing(pool)
    r = 7
    chosen = pool.drawn[r]
    found = 0
    for i, j in combinations(range(len(chosen)), 2):
        a, b = chosen[i], chosen[j]
        if a == b:
            continue  # a model against its own copy
        gap = pool.found["accuracy"][r, a] - pool.found["accuracy"][r, b]
        outcome = np.sign(pool.values["utility"][a] - pool.values["utility"][b])
        found += (round(abs(gap), 9) < 0.01) and bool(outcome @ pool.prompts[r])
    assert total[r] == found
    assert 0 <= agree[r] <= total[r]


def test_the_most_striking_pair_is_the_planted_one(mixed, pools):
    close = pd.DataFrame(
        {"a": ["x", "y", "x"], "b": ["y", "z", "z"], "accuracy": [0.0, 0.005, 0.005],
         "ece": [0.1, 0.1, 0.1], "win": [50, 10, 52], "tie": [0, 0, 0], "lose": [50, 90, 48]}
    )  # fmt: skip
    rng = np.random.default_rng(0)
    base = mixed.margins[["pair_id", "source"]]
    margins = base.assign(**{name: rng.normal(size=len(base)) for name in "xyz"})
    found = relation.furthest(replace(mixed, margins=margins), close)
    assert found.loc[0, ["better", "worse"]].tolist() == ["z", "y"]
    assert found.loc[0, "rate"] == pytest.approx(0.9)
    assert found.loc[0, "accuracy"] == pytest.approx(0.005)
    own = np.isin(base["source"], HH)
    right = {name: margins[name].to_numpy()[own] > 0 for name in "yz"}
    alone = right["z"] != right["y"]
    assert found.loc[0, "right"] == pytest.approx(right["z"][alone].mean())


def test_a_pair_of_unequal_accuracy_is_left_out(mixed):
    close = pd.DataFrame(
        {"a": ["x"], "b": ["y"], "accuracy": [0.0], "ece": [0.1],
         "win": [90], "tie": [0], "lose": [10]}
    )  # fmt: skip
    keys = mixed.margins[["pair_id", "source"]]
    margins = keys.assign(x=1.0, y=-1.0)
    assert relation.furthest(replace(mixed, margins=margins), close).empty


def test_models_are_listed_with_the_paper_form(mixed, pools):
    table = relation.reward_models(mixed, pools[EVERY])
    assert table["rm"].tolist() == mixed.rms["rm"].tolist()
    raw = table[table["scheme"] == RAW]
    assert len(raw) == 4
    assert (table["paper"] >= 0).all() and not np.allclose(table["paper"], table[AS_IS])
