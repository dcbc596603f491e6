from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking import finding3
from proxyreward.findings.rethinking.finding3.summaries import advantage, diagonal_maxima, square
from proxyreward.findings.rethinking.repeats import as_array
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import by_golden

CATEGORIES = ["Chat", "ChatHard", "Code", "Math", "Safety"]


@pytest.fixture(scope="module")
def asked(evidence):
    text = "\n\nHuman: " + evidence.prompts["prompt"] + "\n\nAssistant:"
    wrapped = text.mask(
        evidence.prompts["prompt"].str.startswith("\n\nHuman:"), evidence.prompts["prompt"]
    )
    return replace(evidence, prompts=evidence.prompts.assign(prompt=wrapped))


@pytest.fixture(scope="module")
def tables(asked):
    return finding3.compute(asked, draws=3, rng=np.random.default_rng(0), shares=(0.0, 0.5, 1.0))


def test_every_condition_has_every_draw_and_golden(tables):
    cells = as_array(tables["categories"], "optimiser", "downstream", "accuracy_on")
    assert cells.shape == (2, 5, 5, 3, 6) and np.isfinite(cells).all()
    trainings = as_array(tables["trainings"], "training", "downstream", "accuracy_on")
    assert trainings.shape == (2, 5, 5, 3, 6) and np.isfinite(trainings).all()
    shares = as_array(tables["shares"], "strategy", "share", "optimiser")
    assert shares.shape == (2, 3, 2, 3, 6) and np.isfinite(shares).all()


def test_joint_ppo_of_all_models_is_that_of_the_categories(tables):
    """In the fixture every model was trained in both ways."""
    joint = tables["trainings"].query("training == 'joint'")
    ppo = tables["categories"].query("optimiser == 'ppo'")
    np.testing.assert_array_equal(
        as_array(joint, "downstream", "accuracy_on"), as_array(ppo, "downstream", "accuracy_on")
    )


@pytest.fixture(scope="module")
def pair(asked):
    """Two responses per prompt, of two writers: nothing is left to draw but the order."""
    two = asked.tests["source"].isin(["blunt", "timid"]) & (asked.tests["sample_id"] == 0)
    return replace(asked, tests=asked.tests[two])


@pytest.fixture(scope="module")
def of_pair(pair):
    return finding3.compute(pair, draws=2, rng=np.random.default_rng(0), shares=(0.0, 1.0))


def test_rows_are_downstream_and_columns_accuracy(pair, of_pair):
    math = pair.testset().category("Math").labels
    ndr = pair.ndr("ppo", category="Chat")
    cell = of_pair["categories"].query(
        "optimiser == 'ppo' and downstream == 'Chat' and accuracy_on == 'Math'"
    )
    expected = by_golden("spearman", accuracy_matrix(math), ndr)
    np.testing.assert_allclose(as_array(cell, "statistic")[0], [expected] * 2)


@pytest.mark.parametrize(("share", "variant"), [(0.0, "original"), (1.0, "rewrite")])
def test_the_ends_of_the_shares_are_one_variant_alone(pair, of_pair, share, variant):
    accuracy = accuracy_matrix(pair.testset(variant).labels)
    end = of_pair["shares"].query("strategy == 'rewrite' and optimiser == 'best-of-n'")
    expected = by_golden("spearman", accuracy, pair.ndr("best-of-n"))
    found = as_array(end[end["share"] == share], "share")
    np.testing.assert_allclose(found[0], [expected] * 2)


def test_advantage_and_maxima_by_hand():
    matrix = np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.3], [0.1, 0.6, 0.7]])
    assert advantage(matrix) == pytest.approx(2 / 3 - 0.3)
    assert (diagonal_maxima(matrix, 0), diagonal_maxima(matrix, 1)) == (2, 2)
    assert (diagonal_maxima(matrix.T, 0), diagonal_maxima(matrix.T, 1)) == (2, 2)
    lopsided = np.array([[0.2, 0.9], [0.1, 0.3]])
    assert (diagonal_maxima(lopsided, 0), diagonal_maxima(lopsided, 1)) == (1, 1)
    matrix[0, 1] = np.nan
    assert np.isnan(advantage(matrix)) and np.isnan(diagonal_maxima(matrix, 0))


def test_the_papers_matrix_keeps_its_rows_and_columns(registry):
    paper = finding3.paper_categories(registry)
    matrix = square(paper[paper["optimiser"] == "best-of-n"])
    assert matrix.shape == (5, 5)
    printed = registry.printed("rethinking.table3", "BoN", "Math", "Chat")["mean"]
    assert matrix[CATEGORIES.index("Math"), CATEGORIES.index("Chat")] == printed
    counts = [diagonal_maxima(matrix, axis) for axis in (0, 1)]
    assert counts == [4, 3]  # as the registry's note on the claim has it


def test_summaries_of_prompts_by_category(tables):
    shown = finding3.summarise(tables, 100, np.random.default_rng(0))
    prompts = shown["prompts"].set_index(["category", "measure"])
    assert prompts.loc[("all", "guess"), "prompts"] == 50
    assert prompts.loc[("without Safety", "guess"), "prompts"] == 40
    math = tables["prompts"].query("category == 'Math'")["rewrite"].mean()
    assert prompts.loc[("Math", "rewrite"), "estimate"] == pytest.approx(math)


def test_tables_of_the_page(tables, registry, asked):
    shown = finding3.summarise(tables, 20, np.random.default_rng(0))
    paper = finding3.paper_categories(registry)
    rows = finding3.advantages(shown["categories"], shown["trainings"], paper)
    assert len(rows) == 6
    same = np.diagonal(square(shown["categories"].query("optimiser == 'ppo'"))).mean()
    ours = rows.set_index("Policies").loc["PPO, ours"]
    assert ours["Same category"] == pytest.approx(same)
    wide = finding3.table3(paper, "ppo")
    assert wide.columns.tolist() == ["Downstream", *CATEGORIES]
    assert wide["Downstream"].tolist() == CATEGORIES
    shown = finding3.examples(asked.prompts)
    assert shown["Category"].tolist() == CATEGORIES
    assert shown["Rewrite"].str.contains("rewrite").all()
    assert not shown["Original"].str.contains("Human").any()


def test_the_same_seed_gives_the_same_tables(tables, asked):
    again = finding3.compute(asked, draws=3, rng=np.random.default_rng(0), shares=(0.0, 0.5, 1.0))
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, again[name])
