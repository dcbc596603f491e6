from collections import Counter

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core.wordcounts import heldout_margins, terms

FOLD = np.arange(20) % 4


@pytest.fixture
def pairs():
    """Chosen answers say "plum", rejected ones "pear", amid words that mean nothing."""
    noise = [f"w{i % 7} w{i % 5}" for i in range(20)]
    return pd.DataFrame(
        {"chosen": [f"{n} plum" for n in noise], "rejected": [f"pear {n}" for n in noise]}
    )


def test_terms_are_words_and_neighbouring_pairs():
    assert terms("A plum, a PLUM") == Counter({"a": 2, "plum": 2, "a plum": 2, "plum a": 1})


def test_a_telling_word_is_learned(pairs):
    assert (heldout_margins(pairs, FOLD) > 0).all()


def test_swapping_a_held_out_pair_flips_its_margin_and_no_other_of_its_fold(pairs):
    before = heldout_margins(pairs, FOLD)
    pairs.loc[3] = pairs.loc[3, ["rejected", "chosen"]].to_numpy()
    after = heldout_margins(pairs, FOLD)
    assert after[3] == -before[3]
    fold_mates = (FOLD == FOLD[3]) & (np.arange(20) != 3)
    np.testing.assert_array_equal(after[fold_mates], before[fold_mates])


def test_answers_of_unknown_words_tie(pairs):
    pairs.loc[0] = ["zig", "zag"]
    assert heldout_margins(pairs, FOLD)[0] == 0


def test_weights_solve_the_stated_problem():
    # One term on one side only: v = ±1, so w solves w = k / (1 + e^w) for k training pairs.
    pairs = pd.DataFrame({"chosen": ["plum"] * 4, "rejected": [""] * 4})
    w = heldout_margins(pairs, np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(w, 2 / (1 + np.exp(w)), atol=1e-4)
