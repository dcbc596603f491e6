"""Finding 3: draws on other prompts, how prompts were changed, claims, and what is shown."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from tests.findings.conftest import CATEGORIES, VARIANTS
from tests.findings.figures import lines, names, title
from tests.findings.tables import as_read, crossed, values

from proxyreward.findings.core.reading import select
from proxyreward.findings.rethinking.finding3 import claims, measure, show
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import by_golden
from proxyreward.world import prompts as world

CHANGES = (world.paraphrase, world.rewrite)
OPTIMISERS = ("best-of-n", "ppo")


def draw(evidence):
    rng = np.random.default_rng(0)
    return measure.draw(evidence, draws=2, rng=rng, shares=(0.0, 0.5, 1.0))


@pytest.fixture(scope="module")
def drawn(evidence):
    return draw(evidence)


@pytest.fixture(scope="module")
def pair(evidence):
    """Two responses per prompt, of two writers: nothing is left to draw but the order."""
    two = evidence.tests["source"].isin(["blunt", "timid"]) & (evidence.tests["sample_id"] == 0)
    return replace(evidence, tests=evidence.tests[two])


@pytest.fixture(scope="module")
def of_pair(pair):
    return draw(pair)


def test_rows_are_downstream_and_columns_accuracy(pair, of_pair):
    accuracy = accuracy_matrix(pair.testset().category("Math").labels)
    expected = by_golden("spearman", accuracy, pair.ndr("ppo", category="Chat"))
    keys = {"optimiser": "ppo", "downstream": "Chat", "accuracy_on": "Math"}
    cell = select(of_pair["categories"], **keys)
    np.testing.assert_allclose(cell["coefficient"], np.tile(expected, 2))


@pytest.mark.parametrize(("share", "variant"), [(0.0, "original"), (1.0, "rewrite")])
def test_the_ends_of_the_shares_are_one_variant_alone(evidence, pair, share, variant):
    """Of the writers of all variants, whoever else wrote to the original prompts."""
    accuracy = accuracy_matrix(pair.testset(variant).labels)
    careful = evidence.tests.query("variant == 'original' and source == 'careful'")
    more = replace(pair, tests=pd.concat([careful, pair.tests]).sort_index())
    end = select(draw(more)["shares"], strategy="rewrite", optimiser="best-of-n", share=share)
    expected = by_golden("spearman", accuracy, pair.ndr("best-of-n"))
    np.testing.assert_allclose(end["coefficient"], np.tile(expected, 2))


def test_joint_ppo_beside_separate_runs_is_a_single_run_with_their_penalty(drawn, evidence):
    """In the fixture every model was trained in both ways: put single runs in place of means."""
    joint, ppo = (select(drawn["categories"], optimiser=name) for name in ("joint", "ppo"))
    assert not np.array_equal(joint["coefficient"], ppo["coefficient"])
    regret = evidence.regret
    ppo = (regret["optimiser"] == "ppo") & (regret["training"] == "joint")
    single = regret[ppo & (regret["setting"] == "penalty") & (regret["kl_coef"] == 0.1)]
    means = ppo & (regret["setting"] == "main")
    changed = pd.concat([regret[~means], single.assign(setting="main")])
    found = draw(replace(evidence, regret=changed))["categories"]
    single = select(found, optimiser="ppo")["coefficient"]
    np.testing.assert_array_equal(joint["coefficient"], single)


@pytest.mark.parametrize(("models", "kinds"), [(4, 4), (2, 2)])
def test_separate_training_of_a_few_uses_them_alone(evidence, registry, models, kinds):
    both = evidence.regret[["golden", "proxy"]].isin(evidence.names()[:models]).all(axis=1)
    kept = both | (evidence.regret["training"] == "joint")
    found = draw(replace(evidence, regret=evidence.regret[kept]))
    assert found["sizes"]["separate_rms"].item() == (models if kinds == 4 else 0)
    assert measure.estimates(found, registry)["advantages"]["optimiser"].nunique() == kinds


def test_estimates_are_means_beside_the_papers(drawn, registry):
    found = measure.estimates(drawn, registry)
    means = found["categories"].query("optimiser == 'ppo' and measure == 'mean'")
    cells = drawn["categories"].query("optimiser == 'ppo'").groupby(measure.CELL)["coefficient"]
    array = cells.mean().unstack().to_numpy()
    np.testing.assert_allclose(measure.square(means, "value"), array)
    printed = registry.printed("rethinking.table3", "PPO", "Math", "Chat")["mean"]
    assert measure.square(means, "paper")[3, 0] == printed
    rows = found["advantages"].set_index(["optimiser", "measure"])
    assert rows.loc[("ppo", "same"), "value"] == pytest.approx(np.diagonal(array).mean())
    counts = [rows.loc[("best-of-n", name), "paper"] for name in ("columns", "rows")]
    assert counts == [4, 3]  # as the registry's note on the claim has it
    prompts = found["prompts"].set_index(["category", "measure"])["value"]
    safe = drawn["prompts"].query("category != 'Safety'")
    assert prompts["without Safety", "rewrite"] == pytest.approx(safe["rewrite"].mean())
    right = (safe["guess"] == safe["category"]).mean()
    assert prompts["without Safety", "guess"] == pytest.approx(right)


def test_leads_by_hand():
    matrix = np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.3], [0.1, 0.6, 0.7]])
    expected = {"same": 2 / 3, "other": 0.3, "columns": 2, "rows": 2}
    assert measure.leads(matrix) == pytest.approx(expected)
    matrix[0, 1] = np.nan
    assert np.isnan([measure.leads(matrix)[name] for name in ("other", "columns", "rows")]).all()


SUMS = [f"add {a} and {b}" for a, b in zip("123456", "345678")]
ANIMALS = [f"where does the {name} live" for name in ("fox", "cat", "owl", "pig", "ant", "hare")]
NAMES = ["Math"] * 6 + ["Chat"] * 6


def compare(*variants, categories=NAMES, shuffled=False):
    """Originals, paraphrases and rewrites, a list each."""
    frame = crossed(variant=VARIANTS, prompt_id=range(len(categories)))
    asked = [f"\n\nHuman: {text}\n\nAssistant:" for texts in variants for text in texts]
    frame = frame.assign(category=3 * list(categories), prompt=asked)
    frame = frame.sample(frac=1, random_state=1) if shuffled else frame
    return measure.compare(frame, np.random.default_rng(0))


def test_tfidf_of_a_small_case():
    rows = measure.tfidf([Counter("aab"), Counter("ac"), Counter("a")]).toarray()
    # All texts hold a, so it weighs nothing; b and c are left alone in their rows.
    np.testing.assert_allclose(rows, [[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    mixed = measure.tfidf([Counter("bbc"), Counter("c"), Counter()]).toarray()
    b, c = 2 * np.log(4 / 2), np.log(4 / 3)
    np.testing.assert_allclose(mixed[0], np.array([b, c]) / np.hypot(b, c))


def test_nearest_centroid_takes_the_angle_not_the_length():
    known = sparse.csr_array(np.array([[1.0, 0.1], [0.1, 9.0], [0.2, 8.0]]))
    asked = sparse.csr_array(np.array([[3.0, 1.0], [0.5, 1.0]]))
    assert measure.nearest(known, np.array(["x", "y", "y"]), asked).tolist() == ["x", "y"]


def test_the_same_text_has_similarity_one_and_guesses_follow_the_words():
    originals, swapped = SUMS + ANIMALS, ANIMALS + SUMS
    found = compare(originals, originals, ["zzz"] * 12)
    np.testing.assert_allclose(found["paraphrase"], 1)
    np.testing.assert_allclose(found["rewrite"], 0)
    np.testing.assert_allclose(compare(originals, swapped, originals)["rewrite"], 1)
    found = compare(originals, originals, swapped)
    assert found["guess"].tolist() == NAMES
    assert found["guess_rewrite"].tolist() == NAMES[::-1]
    pd.testing.assert_frame_equal(compare(originals, originals, swapped, shuffled=True), found)


def test_held_out_guesses_do_not_see_the_prompt_itself():
    """With a label of its own and unique words, a prompt can only be guessed wrong."""
    words = ["alpha beta", "gamma delta", "epsilon zeta", "eta theta", "iota kappa"]
    found = compare(words, words, words, categories="abcde")
    assert not (found["guess"] == found["category"]).any()
    assert (found["guess_rewrite"] == found["category"]).all()


def test_paraphrases_of_the_world_are_closer_than_its_rewrites():
    rng = np.random.default_rng(2)
    asked = [world.draw(rng, CATEGORIES[i % 5]) for i in range(100)]
    variants = [[change(prompt, rng).text for prompt in asked] for change in CHANGES]
    originals, categories = zip(*((prompt.text, prompt.category) for prompt in asked))
    found = compare(originals, *variants, categories=categories)
    assert found["paraphrase"].mean() > found["rewrite"].mean() + 0.1
    assert (found["guess_rewrite"] == found["category"]).mean() > 0.8


def test_a_prompt_without_the_transcript_format_is_refused(evidence):
    with pytest.raises(ValueError, match="Human"):
        draw(replace(evidence, prompts=evidence.prompts.assign(prompt="add")))


LEADS = ["same", "other", "columns", "rows"]
ADVANTAGES = {
    "best-of-n": [0.6, 0.4, 4, 3],
    "ppo": [0.5, 0.4, 1, 1],
    "joint": [0.4, 0.4, 1, 1],
    "separate": [0.6, 0.3, 3, 2],
}
TEXTS = ["paraphrase", "rewrite", "guess", "guess_rewrite"]


def planted_shares(fall):
    """Spearman of PPO falls by `fall` as prompts are changed, that of best-of-n by 0.1."""
    table = crossed(strategy=measure.STRATEGIES, share=(0.0, 0.5, 1.0), optimiser=OPTIMISERS)
    falls = table["optimiser"].map({"ppo": fall, "best-of-n": 0.1})
    return table.assign(value=0.6 - falls * table["share"])


def quantities(policies=tuple(ADVANTAGES), fall=0.4):
    advantages = crossed(optimiser=policies, measure=LEADS)
    advantages["value"] = sum((ADVANTAGES[name] for name in policies), [])
    printed = advantages["optimiser"].isin(OPTIMISERS)
    advantages["paper"] = (advantages["value"] + 1).where(printed)
    prompts = crossed(category=("all", "without Safety"), measure=TEXTS)
    prompts["value"] = [0.5, 0.2, 0.9, 0.8, 0.6, 0.1, 0.95, 0.85]
    return claims.quantities(advantages, planted_shares(fall), prompts)


def test_advantages_of_the_same_category_and_similarity_of_texts():
    found = quantities()
    gaps = values(found, "*: Spearman in the same category minus in others")
    assert gaps == pytest.approx([0.2, 0.1])
    assert found["Best-of-n: accuracy columns led by their own category"].own == 4
    assert found["Best-of-n: regret rows led by their own category"].paper == 4
    assert values(found, "same-category advantage, best-of-n *") == pytest.approx([0.1])
    assert values(found, "columns and rows led *, best-of-n minus PPO") == [5]
    assert values(found, "same-category advantage under PPO per *") == pytest.approx([0.3])
    closer = "similarity to the paraphrase minus to the rewrite"
    assert found[closer].own == pytest.approx(0.3)
    assert found[f"{closer}, without Safety"].own == pytest.approx(0.5)
    placed = "share of rewrites that word counts place in their category"
    assert (found[placed].own, found[f"{placed}, without Safety"].own) == (0.8, 0.85)
    assert values(found, "share of held-out originals *") == [0.9]
    few = quantities(OPTIMISERS)
    assert not any("per category" in name for name in few)  # without separate training


@pytest.mark.parametrize("fall", [0.4, -0.2])
def test_a_fall_under_ppo_alone(fall):
    found = quantities(fall=fall)
    changed = "Spearman with all prompts changed minus with none"
    assert values(found, f"PPO, *: {changed}") == pytest.approx([-fall] * 2)
    assert values(found, f"Best-of-n, *: {changed}") == pytest.approx([-0.1] * 2)
    assert found[f"PPO: {changed}, mean of strategies"].own == pytest.approx(-fall)
    assert found[f"{changed}, PPO minus best-of-n"].own == pytest.approx(0.1 - fall)
    kendalls = values(found, "PPO, *: Kendall of the share changed and Spearman")
    assert kendalls == pytest.approx([-np.sign(fall)] * 2)


@pytest.fixture
def categories():
    """The mean is ten times the number of the row and that of the column, in hundredths."""
    table = crossed(
        optimiser=OPTIMISERS, downstream=CATEGORIES, accuracy_on=CATEGORIES, measure=("mean", "sd")
    )
    row, column = (table[name].map(CATEGORIES.index) for name in measure.CELL)
    mean = 0.1 * row + 0.01 * column
    estimate = mean.where(table["measure"] == "mean", 0.02)
    return table.assign(estimate=estimate, low=0.4, high=0.6, paper=0.4 + mean)


def test_ours_and_the_papers_matrix_share_one_colour_scale(categories):
    figure = show.plot_categories(categories)
    titles = [title(axis) for axis in figure.axes[:4]]
    assert titles == ["Best-of-n, ours", "Best-of-n, paper", "PPO, ours", "PPO, paper"]
    for axis in figure.axes[:4]:
        assert axis.collections[0].get_clim() == pytest.approx((0.0, 0.84))
    texts = [axis.texts[5].get_text() for axis in figure.axes[:2]]
    assert texts == ["0.10", "0.50"]  # second row, first column


def test_tables_of_categories_and_of_leads(categories):
    wide = show.table3(categories, "ppo")
    assert wide.columns.tolist() == ["Downstream", *CATEGORIES]
    assert wide.loc[1, "Chat"] == "0.10 [0.40,\u00a00.60] ±\u00a00.02"
    rows = [("ppo", "same", 0.5, 0.41), ("ppo", "rows", 1.5, 2), ("separate", "same", 0.3, np.nan)]
    rows = pd.DataFrame(rows, columns=["optimiser", "measure", "estimate", "paper"])
    found = show.advantages(rows.assign(low=0.4, high=0.6))
    assert found["Policies"].tolist() == ["PPO", "PPO per category, fewer RMs"]
    interval = "[0.40,\u00a00.60]"
    assert found["Same category"].tolist() == [f"0.50 {interval} (0.41)", f"0.30 {interval}"]
    assert found.loc[0, "Best rows"].endswith("(2.0)")


def test_a_panel_per_strategy_and_a_line_with_intervals_per_optimiser():
    shares = as_read(planted_shares(0.2))
    figure = show.plot_shares(shares)
    assert len(figure.axes) == 2
    for axis in figure.axes:
        assert list(axis.lines[1].get_ydata()) == pytest.approx([0.6, 0.5, 0.4])
        assert axis.collections[0].get_segments()[0][:, 1] == pytest.approx([0.5, 0.7])
    assert len(show.plot_shares(shares, ["rewrite"]).axes) == 1
    with pytest.raises(ValueError, match="no strategy 'reword'; choose one of"):
        show.plot_shares(shares, ["reword"])


def test_prompts_by_category_with_intervals():
    rows = crossed(category=("all", *CATEGORIES), measure=TEXTS, value=[0.5])
    left, right = show.plot_prompts(as_read(rows), 0.8).axes
    assert names(left) == ["all", *CATEGORIES]
    np.testing.assert_allclose(right.collections[0].get_segments()[0][:, 0], [40, 60])
    assert lines(right)["high"].get_xdata()[0] == 80


def test_examples_are_requests_in_the_order_of_categories(evidence):
    shown = show.examples(evidence.prompts)
    assert tuple(shown["Category"]) == CATEGORIES
    assert shown["Rewrite"].str.startswith("rewrite prompt").all()
