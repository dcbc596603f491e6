from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ks_2samp, zscore
from tests.findings.mixtures import mixtures

from proxyreward.findings.more.more_conflict.measure import (
    Transfer,
    accuracies,
    couples,
    distances,
    margin_of,
    models,
    moments,
    rank_tests,
    rewards_of,
    transfers,
)
from proxyreward.vocabulary import ALL


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=60)


@pytest.fixture(scope="module")
def transfer(planted):
    return Transfer.of(planted, planted.middle)


def with_margins(planted, change):
    """The same mixtures with the margins of one-source models replaced: column name -> values."""
    margins = planted.margins.copy()
    for name in planted.sources:
        for rm in planted.names(f"single-{name}"):
            margins[rm] = change(name, margins[rm].to_numpy())
    return replace(planted, margins=margins)


def test_each_model_is_tested_on_each_source(planted, transfer):
    assert models(planted) == ("raw", *planted.sources)
    for m, model in enumerate(models(planted)):
        for d, tested in enumerate(planted.sources):
            margin = margin_of(planted, model)[:, planted.source == tested]
            assert transfer.accuracy[m, d] == pytest.approx((margin > 0).mean())
            assert transfer.mean[m, d] == pytest.approx(margin.mean())
            location = [seed.mean() / seed.std() for seed in margin]
            assert transfer.location[m, d] == pytest.approx(np.mean(location))


def test_top_loses_nothing_and_losses_are_against_the_column(transfer):
    assert (transfer.loss[1:].diagonal() == 0).all()
    assert transfer.loss[2, 0] == pytest.approx(transfer.accuracy[2, 0] - transfer.accuracy[1, 0])
    np.testing.assert_allclose(transfer.gain[1], transfer.accuracy[2] - transfer.accuracy[0])


def test_models_that_always_or_never_choose_the_same(planted):
    reference = planted.margins[planted.names("single-helpful")[0]].to_numpy()
    opposed = with_margins(planted, lambda name, _: (-2 if name == "oasst" else 1) * reference)
    oasst = planted.sources.index("oasst")
    expected = np.ones((5, 5))
    expected[oasst] = expected[:, oasst] = 0
    expected[oasst, oasst] = 1
    np.testing.assert_allclose(Transfer.of(opposed, planted.middle).agreement, expected)


def test_agreement_compares_models_of_different_seeds(planted, transfer):
    first, second = (margin_of(planted, name) for name in planted.sources[:2])
    same = [(np.sign(first[s]) == np.sign(second[1 - s])).mean() for s in range(2)]
    assert transfer.agreement[0, 1] == pytest.approx(np.mean(same))
    alone = mixtures(pairs=30, bases=2, seeds=1, orders=1)
    agreement = Transfer.of(alone, alone.middle).agreement
    assert np.isnan(agreement).tolist() == np.eye(5, dtype=bool).tolist()


def test_tables_hold_every_base_and_their_mean(planted, registry):
    found = transfers(planted)
    table = accuracies(planted, found, registry)
    wide = table.set_index(["base", "trained", "tested", "measure"])["value"].unstack("base")
    np.testing.assert_allclose(wide[ALL], wide[list(planted.bases)].mean(axis=1), atol=1e-12)
    pairs = couples(planted, found).set_index(["base", "first", "second", "measure"])["value"]
    both = [wide.at[(*way, "loss"), ALL] for way in (("oasst", "webgpt"), ("webgpt", "oasst"))]
    assert pairs[ALL, "oasst", "webgpt", "loss"] == pytest.approx(np.mean(both))


def test_the_papers_raw_stands_beside_raw_alone(planted, registry):
    table = accuracies(planted, transfers(planted), registry)
    assert set(table.loc[table["paper"].notna(), "trained"]) == {"raw"}
    printed = next(iter(registry.printed("more.table3").values()))
    key = "base == @planted.bases[0] and tested == 'summarize' and paper.notna()"
    [paper] = table.query(key)["paper"]
    assert paper == pytest.approx((printed["Raw"]["Summ"] - printed["Top"]["Summ"]) / 100)
    # Two bases do not stand for the paper's three.
    two = mixtures(pairs=2, bases=2)
    rows = accuracies(two, transfers(two), registry).query("paper.notna()")
    assert (rows.groupby("tested")["paper"].nunique() == 1).all()


def test_distances_are_scipys_on_standardised_margins_and_means_over_seeds(planted):
    found = distances(planted).set_index(["first", "second"])["value"]
    own = planted.source == "harmless"
    first, second = (zscore(margin_of(planted, n)[:, own], axis=1) for n in ("helpful", "webgpt"))
    each = [ks_2samp(*pair).statistic for pair in zip(first, second, strict=True)]
    assert len(found) == 10 and found["helpful", "webgpt"] == pytest.approx(np.mean(each))


def test_distances_ignore_shift_and_scale_but_not_a_mirror(planted):
    values = np.random.default_rng(1).exponential(size=len(planted.source)).astype(np.float32)
    change = {"oasst": 3 * values - 7, "webgpt": -values}
    same = with_margins(planted, lambda name, _: change.get(name, values))
    found = distances(same).set_index(["first", "second"])["value"]
    assert found["helpful", "oasst"] <= 1.5 / 60  # rounding may shift a value across another
    assert found["helpful", "webgpt"] > 0.15


def test_moments_of_margins_and_of_both_responses(planted, transfer):
    both = rewards_of(planted, "oasst")
    np.testing.assert_allclose(both[:, 0] - both[:, 1], margin_of(planted, "oasst")[0], atol=1e-5)
    found = moments(planted, transfer).set_index(["of", "trained", "tested", "moment"])["value"]
    rewards = both[planted.source == "harmless"]
    assert found["rewards", "oasst", "harmless", "sd"] == pytest.approx(rewards.std())
    margin = margin_of(planted, "oasst")[:, planted.source == "webgpt"]
    sd = margin.std(axis=1).mean()
    assert found["differences", "oasst", "webgpt", "sd"] == pytest.approx(sd)


def test_rank_tests_find_a_shift_and_no_difference(planted):
    noise = np.random.default_rng(0).normal(size=len(planted.source))
    rng = np.random.default_rng(1)
    equal = with_margins(planted, lambda *_: noise + 1e-6 * rng.normal(size=len(noise)))
    assert (rank_tests(equal)["kruskal"] > 0.999).all()
    tests = rank_tests(with_margins(planted, lambda name, _: noise + (name == "oasst")))
    # The models' margins are the same but for the shift, which the paired test sees best.
    assert len(tests) == 5 * 2 and (tests["kruskal"] < 1e-3).all()
    assert (tests["friedman"] < tests["kruskal"]).all()
