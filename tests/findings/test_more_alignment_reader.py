"""The tables of rejection sampling as arrays."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import mixtures
from tests.findings.rejections import SAMPLES, rejection

from proxyreward.findings.more.more_alignment.reader import DPO, Rejection
from proxyreward.findings.more.more_alignment.rows import prompt_draws, row, select
from proxyreward.metrics.labelled import mean
from proxyreward.vocabulary import HH, MORE


@pytest.fixture(scope="module")
def mixed():
    return mixtures(pairs=20, bases=2, seeds=2, orders=1)


@pytest.fixture(scope="module")
def told(mixed):
    return rejection(mixed, asked=5, tested=6)


def test_tables_are_read_as_they_were_written(told, tmp_path):
    for field in fields(told):
        table = getattr(told, field.name)
        if field.name in ("policies", "preference_steps"):
            table.to_csv(tmp_path / f"{field.name}.csv", index=False)
        else:
            table.to_parquet(tmp_path / f"{field.name}.parquet")
    again = Rejection.read(tmp_path)
    assert again.names(DPO) == told.names(DPO) == ["dpo-seed0", "dpo-seed1"]
    pd.testing.assert_frame_equal(again.said, told.said)


def test_a_model_takes_the_worth_of_its_best_candidate(told, mixed):
    name = mixed.names(MORE)[0]
    rows = told.candidates.merge(
        pd.DataFrame({"prompt_id": range(10), "sample_id": told.best[name].astype(int)})
    )
    np.testing.assert_array_equal(told.taken("utility", [name])[0], rows["utility"])
    assert told.samples == SAMPLES
    assert told.asked.tolist() == [HH[0]] * 5 + [HH[1]] * 5


def test_what_policies_said_stands_in_the_order_of_prompts(told, mixed):
    shuffled = replace(told, said=told.said.sample(frac=1, random_state=0))
    names = mixed.names(MORE)
    np.testing.assert_array_equal(shuffled.spoken("oracle", names), told.spoken("oracle", names))
    own = told.said[told.said["policy"] == names[1]]
    np.testing.assert_array_equal(told.spoken("oracle", names)[1], own["oracle"])
    np.testing.assert_array_equal(shuffled.tested, told.tested)


def test_likelihoods_are_those_of_helpful_and_harmless_pairs(told, mixed):
    found = told.nll(["start"], mixed)
    own = np.isin(mixed.source, HH)
    np.testing.assert_array_equal(found[0, own], told.perplexity["start"])
    assert np.isnan(found[0, ~own]).all()
    with pytest.raises(ValueError, match="other test pairs"):
        replace(told, perplexity=told.perplexity[1:]).nll(["start"], mixed)


def test_prompts_keep_their_number_in_each_source(told, mixed):
    draws = prompt_draws(mixed, told.tested, 30, np.random.default_rng(0))
    for name in HH:
        assert (draws.pairs[:, draws.source == name].sum(axis=1) == 6).all()
    few = draws.first(10)
    assert few.pairs.shape == (11, 12)
    np.testing.assert_array_equal(few.pairs[0], 1)
    values = np.arange(12.0)[None].repeat(2, axis=0)
    assert draws.evaluate(mean, values, HH[1])[0] == pytest.approx(8.5)


def test_a_row_holds_keys_and_interval():
    replicates = np.array([1.0, *np.linspace(0, 4, 401)])
    told = row(replicates, of="x")
    assert told == {"of": "x", "estimate": 1.0, "low": pytest.approx(0.1), "high": 3.9}
    assert row(replicates, recentre=True)["high"] == pytest.approx(2.9)
    assert np.isnan(row(np.ones(1))["low"])


def test_select_takes_missing_texts_as_empty():
    table = pd.DataFrame({"given": ["accuracy", np.nan, ""], "x": [1, 2, 3]})
    assert select(table, given="")["x"].tolist() == [2, 3]
    assert select(table, given="accuracy")["x"].tolist() == [1]
