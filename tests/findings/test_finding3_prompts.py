from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from proxyreward.findings.rethinking.finding3.prompts import compare, nearest, tfidf


def frame(original, paraphrase, rewrite, categories):
    variants = {"original": original, "paraphrase": paraphrase, "rewrite": rewrite}
    rows = [
        (variant, i, category, f"\n\nHuman: {text}\n\nAssistant:")
        for variant, texts in variants.items()
        for i, (text, category) in enumerate(zip(texts, categories))
    ]
    return pd.DataFrame(rows, columns=["variant", "prompt_id", "category", "prompt"])


SUMS = [f"add {a} and {b}" for a, b in zip("123456", "345678")]
ANIMALS = [f"where does the {name} live" for name in ("fox", "cat", "owl", "pig", "ant", "hare")]
NAMES = ["Math"] * 6 + ["Chat"] * 6


def test_tfidf_of_a_small_case():
    rows = tfidf([Counter("aab"), Counter("ac"), Counter("a")]).toarray()
    # All texts hold a, so it weighs nothing; b and c are left alone in their rows.
    np.testing.assert_allclose(rows, [[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    mixed = tfidf([Counter("bbc"), Counter("c"), Counter()]).toarray()
    b, c = 2 * np.log(4 / 2), np.log(4 / 3)
    np.testing.assert_allclose(mixed[0], np.array([b, c]) / np.hypot(b, c))


def test_rare_terms_count_more():
    texts = [Counter(["the", "fox"]), Counter(["the", "owl"]), Counter(["of", "fox"]), Counter()]
    texts += [Counter(["the"])] * 5
    rows = tfidf(texts)
    shares_the, shares_fox = (rows[[0]] @ rows[[i]].T for i in (1, 2))
    assert shares_fox.toarray().item() > shares_the.toarray().item() > 0


def test_nearest_centroid_takes_the_angle_not_the_length():
    known = sparse.csr_array(np.array([[1.0, 0.1], [0.1, 9.0], [0.2, 8.0]]))
    asked = sparse.csr_array(np.array([[3.0, 1.0], [0.5, 1.0]]))
    assert nearest(known, np.array(["x", "y", "y"]), asked).tolist() == ["x", "y"]


def test_the_same_text_has_similarity_one_and_no_shared_term_zero():
    originals = SUMS + ANIMALS
    found = compare(frame(originals, originals, ["zzz"] * 12, NAMES), np.random.default_rng(0))
    np.testing.assert_allclose(found["paraphrase"], 1)
    np.testing.assert_allclose(found["rewrite"], 0)


def test_prompts_stay_together_whatever_the_order_of_rows():
    prompts = frame(SUMS + ANIMALS, SUMS[::-1] + ANIMALS, ANIMALS + SUMS, NAMES)
    expected = compare(prompts, np.random.default_rng(0))
    shuffled = prompts.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(compare(shuffled, np.random.default_rng(0)), expected)


def test_guesses_follow_the_words():
    found = compare(
        frame(SUMS + ANIMALS, SUMS + ANIMALS, ANIMALS + SUMS, NAMES), np.random.default_rng(0)
    )
    assert found["guess"].tolist() == NAMES
    # The rewrites were taken from the other category.
    assert found["guess_rewrite"].tolist() == NAMES[::-1]


def test_held_out_guesses_do_not_see_the_prompt_itself():
    """With a label of its own and unique words, a prompt can only be guessed wrong."""
    words = ["alpha beta", "gamma delta", "epsilon zeta", "eta theta", "iota kappa"]
    found = compare(frame(words, words, words, list("abcde")), np.random.default_rng(0))
    assert (found["guess"] != found["category"]).all()
    assert (found["guess_rewrite"] == found["category"]).all()


def test_a_prompt_without_the_transcript_format_is_refused():
    prompts = frame(SUMS, SUMS, SUMS, NAMES[:6]).assign(prompt="add")
    with pytest.raises(ValueError, match="Human"):
        compare(prompts, np.random.default_rng(0))
