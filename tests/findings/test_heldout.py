import numpy as np
import pandas as pd
import pytest

from proxyreward.data.report import DataError
from proxyreward.findings.real.heldout import baselines, compute, plot, resampled_means


def frame_of(texts, openings=None):
    openings = openings or [f"Question {i}" for i in range(len(texts))]
    return pd.DataFrame(
        {
            "prompt": [f"\n\nHuman: {opening}\n\nAssistant:" for opening in openings],
            "chosen": [chosen for chosen, _ in texts],
            "rejected": [rejected for _, rejected in texts],
        }
    )


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
    table = compute(margins_of([1.0, -1.0, 0.0, 2.0]), pairs, seed=0)["accuracy"]
    row = table[(table["name"] == "a") & (table["turns"] == "all")].iloc[0]
    assert (row["kind"], row["accuracy"], row["n"], row["conversations"]) == ("rm", 0.5, 4, 4)
    assert row["low"] <= 0.5 <= row["high"]


def test_order_of_the_margins_does_not_matter(pairs):
    margins = margins_of([1.0, -1.0, 0.5, 2.0])
    tables = compute(margins, pairs, seed=0)
    for name, table in compute(margins.sample(frac=1, random_state=1), pairs, seed=0).items():
        pd.testing.assert_frame_equal(table, tables[name])


def test_folds_and_turns_divide_the_pairs(pairs):
    pairs.loc[0, "prompt"] = "\n\nHuman: Hi\n\nAssistant: Well.\n\nHuman: So?\n\nAssistant:"
    tables = compute(margins_of([1.0, -1.0, 1.0, -1.0]), pairs, seed=0)
    folds = tables["folds"].query("name == 'a'")
    assert folds[["fold", "accuracy", "n"]].values.tolist() == [[0, 1, 2], [1, 0, 2]]
    assert tables["accuracy"].query("name == 'a'")["n"].tolist() == [4, 3, 1]


def test_a_model_that_is_the_baseline_differs_from_it_by_nothing():
    texts = [("a" * i, "b" * (i + (1 if i % 3 else -1))) for i in range(2, 12)]
    pairs = frame_of(texts)
    margins = margins_of([len(rejected) - len(chosen) for chosen, rejected in texts])
    table = compute(margins, pairs, seed=0)["differences"].set_index("baseline")
    row = table.loc["shorter answer (characters)"]
    assert [row["difference"], row["low"], row["high"]] == [0, 0, 0]


def test_interval_agrees_with_the_binomial_where_pairs_are_independent():
    credit = np.repeat([[1.0], [0.0]], [240, 160], axis=0)
    means = resampled_means(credit, np.arange(400), np.random.default_rng(0), 4000)
    assert means.std() == pytest.approx(np.sqrt(0.6 * 0.4 / 400), rel=0.05)


def test_repeating_every_pair_in_its_group_leaves_the_interval_alone():
    credit, groups = np.array([[1.0], [0.0], [1.0], [1.0]]), np.arange(4)
    once = resampled_means(credit, groups, np.random.default_rng(0), 50)
    thrice = resampled_means(
        np.repeat(credit, 3, axis=0), np.repeat(groups, 3), np.random.default_rng(0), 50
    )
    np.testing.assert_allclose(once, thrice)


def test_larger_groups_weigh_more():
    credit, groups = np.array([[1.0], [1.0], [0.0]]), np.array([7, 7, 3])
    means = resampled_means(credit, groups, np.random.default_rng(0), 200)
    assert set(means[:, 0].round(6)) == {0.0, 0.666667, 1.0}


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
        compute(margins, pairs, seed=0)


def test_the_figure_shows_every_name_but_chance_and_the_chance_line(pairs):
    import matplotlib

    matplotlib.use("Agg")
    axes = plot(compute(margins_of([1.0, -1.0, 1.0, 1.0]), pairs, seed=0)["accuracy"]).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "a" and len(labels) == 6 and "chance" not in labels
    assert any(list(line.get_xdata()) == [0.5, 0.5] for line in axes.lines)


def test_the_figure_names_the_choices_of_turns(pairs):
    table = compute(margins_of([1.0] * 4), pairs, seed=0)["accuracy"]
    with pytest.raises(DataError, match="'multi': not in the table; choose one of all, single"):
        plot(table, turns="multi")
