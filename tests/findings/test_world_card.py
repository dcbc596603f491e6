"""The world is not degenerate: measured here with SciPy, and read from the tracked tables."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from proxyreward.findings import world_card as card
from proxyreward.world import oracle, records
from proxyreward.world.tasks import CATEGORIES
from proxyreward.world.writers import WRITERS

EVEN = dict.fromkeys(CATEGORIES, 7)


@pytest.fixture(scope="module")
def written():
    return card.write_responses(4000, np.random.default_rng(11))


@pytest.fixture(scope="module")
def pool(written):
    """A stand-in for the initial policy: 25 writers' responses to each of ten prompts."""
    rng, (first, _) = np.random.default_rng(2), written
    asked = [card.prompts.find(text) for text in first["prompt"][:10] for _ in range(25)]
    said = [list(WRITERS.values())[i % 4].write(p, rng) for i, p in enumerate(asked)]
    texts = {"prompt": [p.text for p in asked], "writer": "initial policy", "response": said}
    return pd.DataFrame(texts)


def compute(pool, pairs_by_category=EVEN, utility=None):
    utility = card.worth(pool).reshape(10, 25) if utility is None else utility
    return card.compute(pool, utility, pairs_by_category, np.random.default_rng(0))


@pytest.fixture(scope="module")
def tables(pool):
    return compute(pool)


def test_a_world_that_is_written_anew_is_not_degenerate(written, tables):
    checks = tables["checks"].set_index("check")
    failed = checks.index[~checks["holds"]].tolist()
    assert failed == ["gain of best-of-n by the oracle at the largest n, in sd"]  # n is only 25
    for texts in written:
        words = texts["response"].str.split().map(len)
        assert abs(spearmanr(words, card.worth(texts)).statistic) < 0.3


def test_every_check_of_the_tracked_card_holds(root):
    path = root / "results" / "tiny" / "world" / "checks.csv"
    if not path.is_file():
        pytest.skip("no tracked world card; run dvc repro")
    checks = pd.read_csv(path)
    inside = (checks["low"] <= checks["value"]) & (checks["value"] <= checks["high"])
    assert (inside == checks["holds"]).all()
    assert checks.loc[~inside, "check"].tolist() == []


def test_correlations_are_those_of_scipy(written):
    for texts in written:
        columns = dict(zip(oracle.FEATURES, card.worth(texts, oracle.features).T))
        columns[card.LENGTH] = texts["response"].str.len()
        table, worth = card.surface(texts).set_index("feature"), card.worth(texts)
        varying = [name for name, column in columns.items() if np.ptp(column) > 0]
        assert len(varying) > 10 and table.index[table["spearman"].notna()].tolist() == varying
        for name in varying:
            expected = spearmanr(columns[name], worth).statistic
            assert table.loc[name, "spearman"] == pytest.approx(expected)
            assert table.loc[name, "mean"] == pytest.approx(np.mean(columns[name]))


def test_sources_agree_with_themselves_and_mutually(tables):
    square = tables["sources"].set_index("source")
    assert (np.diag(square) == 1).all() and square.index[-1] == "oracle"
    np.testing.assert_array_equal(square, square.T)


def test_annotators_agree_mutually_and_better_ones_more_with_the_oracle(tables):
    people = tables["annotators"].set_index("annotator")
    square = people[[f"with {a}" for a in people.index]].to_numpy()
    np.testing.assert_array_equal(square, square.T)
    assert np.isnan(np.diag(square)).all()
    assert people["with the oracle"].iloc[-1] > people["with the oracle"].iloc[0]


def test_one_record_of_each_type(tables):
    shown = tables["records"]
    assert shown["type"].tolist() == list(records.TYPES)
    texts = zip(shown["prompt"], shown["chosen"], shown["rejected"])
    assert [records.record_type(*row) for row in texts] == list(records.TYPES)


def test_samples_come_from_writers_and_policy_with_their_utility(tables):
    samples = tables["samples"]
    counts = samples.groupby(["category", samples["writer"] == "initial policy"]).size()
    assert counts.tolist() == [2] * 2 * len(CATEGORIES)
    np.testing.assert_allclose(samples["utility"], card.worth(samples))


def test_gains_of_best_of_n_by_brute_force():
    utility = np.random.default_rng(0).normal(size=(5, 4))
    table = card.oracle_gains(utility).set_index("n")["gain_sd"]
    assert table.index.tolist() == [1, 2, 4]
    for n, gain in table.items():
        best = [utility[:, drawn].max(axis=1) for drawn in combinations(range(4), n)]
        expected = (np.mean(best) - utility.mean()) / utility.std()
        assert gain == pytest.approx(expected, abs=1e-8)


def test_checks_say_where_they_do_not_hold(pool):
    # Where there are but two values, best-of-n gains little.
    flat = np.tile(np.arange(25) % 2, (10, 1)).astype(float)
    bad = compute(pool, {"Chat": 9}, flat)["checks"].set_index("check")["holds"]
    assert not bad["fewest training pairs in a category"]
    assert not bad["gain of best-of-n by the oracle at the largest n, in sd"]


def test_equal_generators_give_equal_cards(pool, tables):
    again = compute(pool)
    assert all(again[name].equals(tables[name]) for name in tables)
