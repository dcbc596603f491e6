"""Held-out accuracies against closed forms and bootstraps, and their figure."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp
from tests.findings.figures import names

from proxyreward.data.report import DataError
from proxyreward.findings.real.heldout import baselines, compute, jackknife, over_conversations
from proxyreward.findings.real.show import accuracy_table, plot_accuracy

matplotlib.use("Agg")


def frame_of(texts):
    prompts = [f"\n\nHuman: Question {i}\n\nAssistant:" for i in range(len(texts))]
    return pd.DataFrame(texts, columns=["chosen", "rejected"]).assign(prompt=prompts)


def margins_of(values, rm="a", folds=2):
    ids = np.arange(len(values))
    return pd.DataFrame({"pair_id": ids, "fold": ids % folds, "rm": rm, "margin": values})


@pytest.fixture
def pairs():
    return frame_of([("aa", "b"), ("a", "bb bb"), ("aa", "bb"), ("a", "bbb")])


def test_length_baselines_by_hand(pairs):
    credit = baselines(pairs)
    assert credit["shorter answer (characters)"].tolist() == [0, 1, 0.5, 1]
    assert credit["longer answer (characters)"].tolist() == [1, 0, 0.5, 0]
    assert credit["shorter answer (words)"].tolist() == [0.5, 1, 0.5, 0.5]
    assert credit["chance"].tolist() == [0.5] * 4


def test_accuracy_counts_a_tie_as_an_error(pairs):
    table = compute(margins_of([1.0, -1.0, 0.0, 2.0]), pairs)["accuracy"]
    row = table[(table["name"] == "a") & (table["turns"] == "all")].iloc[0]
    assert (row["kind"], row["accuracy"], row["n"], row["conversations"]) == ("rm", 0.5, 4, 4)
    # Half of four: sd / sqrt(n) is sqrt(1/12), which Student's t takes beyond the range of a share.
    assert (row["low"], row["high"]) == (0, 1)


def test_order_of_the_margins_does_not_matter(pairs):
    margins = margins_of([1.0, -1.0, 0.5, 2.0])
    tables = compute(margins, pairs)
    for name, table in compute(margins.sample(frac=1, random_state=1), pairs).items():
        pd.testing.assert_frame_equal(table, tables[name])


def test_folds_and_turns_divide_the_pairs(pairs):
    pairs.loc[0, "prompt"] = "\n\nHuman: Hi\n\nAssistant: Well.\n\nHuman: So?\n\nAssistant:"
    tables = compute(margins_of([1.0, -1.0, 1.0, -1.0]), pairs)
    folds = tables["folds"].query("name == 'a'")
    assert folds[["fold", "accuracy", "n"]].values.tolist() == [[0, 1, 2], [1, 0, 2]]
    accuracy = tables["accuracy"].query("name == 'a'")
    assert accuracy["n"].tolist() == [4, 3, 1]
    assert accuracy["low"].isna().tolist() == [False, False, True]


def test_a_model_that_is_the_baseline_differs_from_it_by_nothing():
    texts = [("a" * i, "b" * (i + (1 if i % 3 else -1))) for i in range(2, 12)]
    margins = margins_of([len(rejected) - len(chosen) for chosen, rejected in texts])
    table = compute(margins, frame_of(texts))["differences"].set_index("baseline")
    row = table.loc["shorter answer (characters)"]
    assert [row["difference"], row["low"], row["high"]] == [0, 0, 0]
    other = table.loc["longer answer (characters)"]
    assert other["difference"] == pytest.approx(2 * np.mean([i % 3 != 0 for i in range(2, 12)]) - 1)


def test_of_single_pairs_the_interval_is_that_of_the_t_test():
    credit = np.random.default_rng(0).random(30)
    found = over_conversations(pd.DataFrame({"a": credit}), np.arange(30))[:, 0]
    expected = ttest_1samp(credit, 0).confidence_interval()
    np.testing.assert_allclose(found, [credit.mean(), *expected])


def test_of_conversations_the_interval_is_as_wide_as_that_of_a_bootstrap_of_them():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(300), rng.integers(1, 6, 300))
    credit = (rng.random(300)[groups] + rng.random(len(groups)) > 1).astype(float)
    _, low, high = over_conversations(pd.DataFrame({"a": credit}), groups)[:, 0]
    counts = rng.multinomial(300, np.full(300, 1 / 300), size=4000)[:, groups]
    bootstrap = np.quantile(counts @ credit / counts.sum(axis=1), [0.025, 0.975])
    assert high - low == pytest.approx(np.ptp(bootstrap), rel=0.05)


def test_repeating_every_pair_in_its_conversation_leaves_the_interval_alone():
    credit, groups = pd.DataFrame({"a": [1.0, 0, 1, 1]}), np.arange(4)
    thrice = over_conversations(credit.loc[np.repeat(groups, 3)], np.repeat(groups, 3))
    np.testing.assert_allclose(thrice, over_conversations(credit, groups))


def test_a_single_part_says_nothing_of_its_spread():
    assert np.isnan(jackknife(np.array([[0.5], [np.nan]]))[1:]).all()


@pytest.mark.parametrize(
    ("margins", "message"),
    [
        (margins_of([1.0, 1.0, 1.0]), "'a': 3 rows do not hold each of the 4 pairs"),
        (pd.concat([margins_of([1.0] * 4)] * 2), "'a': 8 rows do not hold each"),
        (margins_of([1.0, 1.0, np.nan, 1.0]), "'a', pair 2: the margin is not finite"),
        (margins_of([]), "no rows"),
        (margins_of([1.0] * 4, folds=1), "all pairs are in one fold"),
        (
            pd.concat([margins_of([1.0] * 4), margins_of([1.0] * 4, rm="b", folds=3)]),
            "different folds",
        ),
    ],
)
def test_incomplete_margins_are_errors(pairs, margins, message):
    with pytest.raises(DataError, match=message):
        compute(margins, pairs)


def test_figure_and_table_show_every_name_and_the_figure_the_chance_line(pairs):
    table = compute(margins_of([1.0, -1.0, 1.0, 1.0]), pairs)["accuracy"]
    axes = plot_accuracy(table).axes[0]
    labels = names(axes)
    assert labels[0] == "a" and len(labels) == 6 and "chance" not in labels
    assert any(list(line.get_xdata()) == [50, 50] for line in axes.lines)
    cells = accuracy_table(table)
    assert list(cells) == ["accuracy", "all prompts (n = 4)", "one request (n = 4)"]
    assert cells["accuracy"].tolist() == ["a", "chance", *labels[1:]]
    assert cells.iloc[0, 1].startswith("0.750 [")
    with pytest.raises(DataError, match="'multi': not in the table; choose one of all, single"):
        plot_accuracy(table, turns="multi")
