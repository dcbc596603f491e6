import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import mixtures

from proxyreward.findings.more import more_rewards
from proxyreward.findings.more.mixtures import Draws, accuracy, interval, size
from proxyreward.vocabulary import HH


@pytest.fixture(scope="module")
def mixes():
    return mixtures(bases=2, orders=0, steps=4)


@pytest.fixture(scope="module")
def replicates(mixes):
    draws = Draws.of(mixes, 20, np.random.default_rng(0))
    return more_rewards.compute(mixes, draws, np.random.default_rng(1))


@pytest.fixture(scope="module")
def tables(replicates):
    return more_rewards.summarise(replicates)


def one(table, /, **keys):
    for name, value in keys.items():
        table = table[table[name] == value]
    [row] = table.itertuples()
    return row


def test_every_table_has_its_keys_and_an_interval(tables):
    for name in ("measures", "outliers", "factors", "trends", "means", "contrasts"):
        table = tables[name]
        keys = [column for column in table if column not in ("estimate", "low", "high")]
        assert not table.duplicated(keys).any()
        assert not (table["low"] > table["high"]).any()


def test_estimates_are_those_of_the_pairs_as_they_are(mixes, tables):
    own = mixes.source == HH[1]
    margin = mixes.margin("more", mixes.bases[0])[:, own]
    keys = {"base": mixes.bases[0], "source": HH[1], "scheme": "more", "rewards": "as trained"}
    for metric, statistic in (("size", size), ("accuracy", accuracy)):
        expected = statistic(margin, np.ones(own.sum())).mean()
        row = one(tables["measures"], metric=metric, **keys)
        assert row.estimate == pytest.approx(expected)
        assert row.low < expected < row.high


def test_contrasts_are_paired_differences(mixes, replicates, tables):
    keys = (mixes.middle, "helpful", "as trained", "log_loss")
    rows = replicates["measures"].xs(keys, level=("base", "source", "rewards", "metric"))
    expected = interval((rows.loc["more"] - rows.loc["multitask"]).to_numpy())
    names = dict(zip(("base", "source", "rewards", "metric"), keys))
    row = one(tables["contrasts"], scheme="more", baseline="multitask", **names)
    assert (row.estimate, row.low, row.high) == pytest.approx(expected)


def test_means_are_over_both_test_sets(mixes, tables):
    keys = {"base": mixes.middle, "scheme": "top", "rewards": "as trained", "metric": "size"}
    both = [one(tables["measures"], source=source, **keys).estimate for source in HH]
    assert one(tables["means"], **keys).estimate == pytest.approx(np.mean(both))


def test_the_same_seed_gives_the_same_tables(mixes, replicates):
    draws = Draws.of(mixes, 20, np.random.default_rng(0))
    again = more_rewards.compute(mixes, draws, np.random.default_rng(1))
    for name, table in replicates.items():
        pd.testing.assert_frame_equal(table, again[name])


def test_the_papers_tables_go_by_the_size_of_the_base():
    assert more_rewards.table_bases(("s", "m", "l")) == {
        "more.table5": "s", "more.table6": "m", "more.table1": "l",
    }  # fmt: skip
    two = more_rewards.table_bases(("s", "l"))
    assert two["more.table6"] == two["more.table1"] == "l"


def test_printed_values_are_in_our_words(registry):
    paper = more_rewards.paper_values(registry)
    keys = {"table": "more.table6", "source": "harmless", "scheme": "top"}
    printed = registry.printed("more.table6", "Harmless", "Single")
    assert one(paper, statistic="negative_mean", **keys).value == printed["neg_mean"]
    count = printed["pos_count"] + printed["neg_count"]
    share = 100 * count / registry.printed("more.table4", "Anthropic Harmless", "test")
    assert one(paper, statistic="share", **keys).value == pytest.approx(share)
    assert len(paper) == 3 * 2 * 3 * 6


def test_the_printed_numbers_stand_in_brackets(mixes, tables, registry):
    paper = more_rewards.paper_values(registry)
    shown, in_sd = (
        more_rewards.outlier_table(tables, paper, mixes.middle, "more.table1", "by sign", free)
        for free in (False, True)
    )
    top, printed = shown.iloc[0], registry.printed("more.table1", "Helpful", "Top")
    ours = {"base": mixes.middle, "source": "helpful", "scheme": "top", "reading": "by sign"}
    count, mean = (
        one(tables["outliers"], statistic=f"negative_{name}", **ours).estimate
        for name in ("count", "mean_sd")
    )
    assert top["ECE, paper"] == f"{printed['ece']:.3f}"
    assert top["Wrong: number"] == f"{count:g} ({printed['neg_count']})"
    assert in_sd.iloc[0]["Wrong: mean"] == f"{mean:.2f} ({printed['neg_mean']:.2f})".replace(
        "-", "−"
    )
    same = [name for name in shown if not name.endswith("mean")]
    pd.testing.assert_frame_equal(shown[same], in_sd[same])


def test_the_temperature_table_has_the_factor_of_each_model(mixes, tables):
    shown = more_rewards.temperature_table(tables, mixes.middle).set_index(["Test set", "Scheme"])
    factors = tables["factors"].query("base == @mixes.middle")
    for source in HH:
        for scheme, name, fitted_on in (("top", "Top", source), ("more", "MORE", "all")):
            row = one(factors, scheme=scheme, source=fitted_on)
            cell = shown.loc[(source.title(), name), "Factor 1/T"]
            assert cell.startswith(f"{row.estimate:.2f} [{row.low:.2f}")


def test_the_form_table_has_a_column_for_each_factor(mixes):
    rescaled = more_rewards.rescaled(mixes, mixes.middle, "helpful", (0.5, 1))
    shown = more_rewards.form_table(rescaled, "more")
    assert shown.columns.tolist() == ["ECE with", "× 0.5", "× 1"]
    first = rescaled.query("scheme == 'more' and form == 'standard' and factor == 0.5")
    assert shown.iloc[0].tolist()[:2] == [
        "10 bins of equal mass, one order", f"{first['ece'].item():.3f}",
    ]  # fmt: skip
