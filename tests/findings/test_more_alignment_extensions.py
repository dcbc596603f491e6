"""A start for one preference, and DPO's implicit reward."""

import numpy as np
import pytest
from tests.findings.mixtures import Effect, by_scheme, mixtures
from tests.findings.rejections import rejection

from proxyreward.findings.more.mixtures import Draws, accuracy, ece
from proxyreward.findings.more.more_alignment.extensions import MEAN, preferences, tuned
from proxyreward.findings.more.more_alignment.reader import DPO, DPO_MORE
from proxyreward.findings.more.more_alignment.rows import select
from proxyreward.vocabulary import MORE, MULTITASK


@pytest.fixture(scope="module")
def mixed():
    effects = {"tuned-more": Effect(0.8, 1.0), "tuned-multitask": Effect(0.4, 1.0)}
    return mixtures(by_scheme(effects), pairs=150, bases=2, orders=1, steps=2)


@pytest.fixture(scope="module")
def draws(mixed):
    return Draws.of(mixed, 60, np.random.default_rng(0))


def test_tuned_models_are_compared_on_each_source_and_on_average(mixed, draws):
    table = tuned(mixed, draws)
    assert set(table["source"]) == {MEAN, *mixed.sources}
    own = mixed.tuned[mixed.tuned["source"] == "oasst"][mixed.names(MORE)]
    after = select(table, when="after", of=MORE).set_index("source")["estimate"]
    assert after["oasst"] == pytest.approx((own > 0).to_numpy().mean())
    assert after[MEAN] == pytest.approx(after.drop(MEAN).mean())
    before = select(table, when="before", of=MULTITASK).set_index("source")["estimate"]
    expected = draws.evaluate(accuracy, mixed.margin(MULTITASK), "webgpt")[0]
    assert before["webgpt"] == pytest.approx(expected)


def test_the_planted_start_is_the_better_one(mixed, draws):
    table = select(tuned(mixed, draws), of="difference", source=MEAN).set_index("when")
    assert table.loc["after", "low"] > 0.05
    assert table.loc["before", "low"] < 0 < table.loc["before", "high"]


def test_too_large_implicit_rewards_are_badly_calibrated(mixed, draws):
    told = rejection(mixed, size={DPO: 3.0}, gain={DPO_MORE: 1.0})
    table = preferences(mixed, told, draws, 60, np.random.default_rng(1))
    gap = select(table, of="difference", source=MEAN).set_index("measure")
    assert gap.loc["ece", "high"] < 0
    assert gap.loc["utility", "low"] > 0.5
    size = select(table, measure="size", source=MEAN).set_index("of")["estimate"]
    assert size[DPO] > 2.5 * size[DPO_MORE]
    margin = told.preferences[told.names(DPO)].to_numpy().T
    each = draws.evaluate(ece(), margin, "helpful")[0]
    row = select(table, measure="ece", source="helpful", of=DPO)
    assert row["estimate"].item() == pytest.approx(each)
    assert set(select(table, measure="utility")["of"]) == {DPO, DPO_MORE, "start", "difference"}
