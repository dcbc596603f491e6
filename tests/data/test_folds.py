import numpy as np
import pytest

from proxyreward.data.folds import assign, conversation_groups
from proxyreward.data.hh import load
from proxyreward.data.report import DataError


def prompt(opening, later=""):
    return f"\n\nHuman: {opening}\n\nAssistant: Well.\n\nHuman: {later}\n\nAssistant:"


def test_groups_follow_the_opening_alone():
    prompts = [prompt("Hi"), prompt("A plum?"), prompt("Hi", "later"), prompt("  HI!")]
    assert conversation_groups(prompts).tolist() == [0, 1, 0, 0]


def test_openings_of_punctuation_stay_apart():
    assert conversation_groups([prompt("?"), prompt("!!"), prompt("?")]).tolist() == [0, 1, 0]


def test_no_group_straddles_folds_and_sizes_are_balanced():
    prompts = [prompt(f"Question {i % 30}", str(i)) for i in range(100)]
    folds = assign(prompts, 5, seed=0)
    groups = conversation_groups(prompts)
    assert all(len(np.unique(folds[groups == group])) == 1 for group in range(30))
    assert np.ptp(np.bincount(folds, minlength=5)) <= 4


def test_single_conversations_are_spread_evenly():
    folds = assign([prompt(f"Question {i}") for i in range(23)], 5, seed=0)
    assert sorted(np.bincount(folds)) == [4, 4, 5, 5, 5]


def test_the_seed_decides():
    prompts = [prompt(f"Question {i}") for i in range(40)]
    assert np.array_equal(assign(prompts, 4, seed=1), assign(prompts, 4, seed=1))
    assert not np.array_equal(assign(prompts, 4, seed=1), assign(prompts, 4, seed=2))


@pytest.mark.parametrize("folds", [1, 4])
def test_impossible_numbers_of_folds_are_errors(folds):
    with pytest.raises(DataError, match="choose 2 to 3"):
        assign([prompt("a"), prompt("b"), prompt("c"), prompt("a")], folds, seed=0)


def test_real_conversations_share_openings(real_pairs):
    pairs, _ = load("local", str(real_pairs), None, "test", None)
    prompts = [pair.prompt for pair in pairs]
    sizes = np.bincount(conversation_groups(prompts))
    assert np.bincount(sizes).tolist() == [0, 2038, 127, 5]
    assert len(prompts) - len(set(prompts)) == 2
    assert np.ptp(np.bincount(assign(prompts, 5, seed=0))) <= 1
