from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from proxyreward.findings.rethinking.finding3 import measure
from proxyreward.findings.rethinking.repeats import as_array
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import by_golden
from proxyreward.world import prompts as world

CHANGES = (world.paraphrase, world.rewrite)
CATEGORIES = ["Chat", "ChatHard", "Code", "Math", "Safety"]


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
    cell = of_pair["categories"].query(
        "optimiser == 'ppo' and downstream == 'Chat' and accuracy_on == 'Math'"
    )
    np.testing.assert_allclose(as_array(cell), [expected] * 2)


@pytest.mark.parametrize(("share", "variant"), [(0.0, "original"), (1.0, "rewrite")])
def test_the_ends_of_the_shares_are_one_variant_alone(pair, of_pair, share, variant):
    accuracy = accuracy_matrix(pair.testset(variant).labels)
    end = of_pair["shares"].query("strategy == 'rewrite' and optimiser == 'best-of-n'")
    expected = by_golden("spearman", accuracy, pair.ndr("best-of-n"))
    np.testing.assert_allclose(as_array(end[end["share"] == share]), [expected] * 2)


def test_joint_ppo_of_all_models_is_that_of_the_categories(drawn):
    """In the fixture every model was trained in both ways."""
    joint, ppo = (
        drawn["categories"][drawn["categories"]["optimiser"] == name] for name in ("joint", "ppo")
    )
    np.testing.assert_array_equal(as_array(joint, *measure.CELL), as_array(ppo, *measure.CELL))


@pytest.mark.parametrize(("models", "kinds"), [(4, 4), (2, 2)])
def test_separate_training_of_a_few_uses_them_alone(evidence, registry, models, kinds):
    few, regret = evidence.names()[:models], evidence.regret
    kept = (regret["training"] == "joint") | (
        regret["golden"].isin(few) & regret["proxy"].isin(few)
    )
    found = draw(replace(evidence, regret=regret[kept]))
    assert found["sizes"]["separate_rms"].item() == (models if kinds == 4 else 0)
    assert measure.estimates(found, registry)["advantages"]["optimiser"].nunique() == kinds


def test_estimates_are_means_beside_the_papers(drawn, registry):
    found = measure.estimates(drawn, registry)
    means = found["categories"].query("optimiser == 'ppo' and measure == 'mean'")
    array = as_array(drawn["categories"], "optimiser", *measure.CELL)[1].mean(axis=(-2, -1))
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


def compare(original, paraphrase, rewrite, categories=NAMES, shuffled=False):
    variants = {"original": original, "paraphrase": paraphrase, "rewrite": rewrite}
    rows = [
        (variant, i, category, f"\n\nHuman: {text}\n\nAssistant:")
        for variant, texts in variants.items()
        for i, (text, category) in enumerate(zip(texts, categories))
    ]
    frame = pd.DataFrame(rows, columns=["variant", "prompt_id", "category", "prompt"])
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
    found = compare(originals, originals, swapped)
    assert found["guess"].tolist() == NAMES
    assert found["guess_rewrite"].tolist() == NAMES[::-1]
    pd.testing.assert_frame_equal(compare(originals, originals, swapped, shuffled=True), found)


def test_held_out_guesses_do_not_see_the_prompt_itself():
    """With a label of its own and unique words, a prompt can only be guessed wrong."""
    words = ["alpha beta", "gamma delta", "epsilon zeta", "eta theta", "iota kappa"]
    found = compare(words, words, words, list("abcde"))
    assert not (found["guess"] == found["category"]).any()
    assert (found["guess_rewrite"] == found["category"]).all()


def test_paraphrases_of_the_world_are_closer_than_its_rewrites():
    rng = np.random.default_rng(2)
    asked = [world.draw(rng, CATEGORIES[i % 5]) for i in range(100)]
    variants = [[change(prompt, rng).text for prompt in asked] for change in CHANGES]
    found = compare([prompt.text for prompt in asked], *variants, [p.category for p in asked])
    assert found["paraphrase"].mean() > found["rewrite"].mean() + 0.1
    assert (found["guess_rewrite"] == found["category"]).mean() > 0.8


def test_a_prompt_without_the_transcript_format_is_refused(evidence):
    with pytest.raises(ValueError, match="Human"):
        draw(replace(evidence, prompts=evidence.prompts.assign(prompt="add")))
