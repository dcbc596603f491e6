import numpy as np
import pytest

from proxyreward.data.collect import collect
from proxyreward.data.folds import assign, check_sources, conversation_groups
from proxyreward.data.hh import opened
from proxyreward.data.report import DataError


def prompt(opening, later=""):
    return f"\n\nHuman: {opening}\n\nAssistant: Well.\n\nHuman: {later}\n\nAssistant:"


def test_groups_follow_the_opening_alone():
    prompts = [prompt("Hi"), prompt("A plum?"), prompt("Hi", "later"), prompt("  HI!")]
    assert conversation_groups(prompts).tolist() == [0, 1, 0, 0]


def test_openings_of_punctuation_stay_apart():
    assert conversation_groups([prompt("?"), prompt("!!"), prompt("?")]).tolist() == [0, 1, 0]


def test_an_opening_that_all_share_does_not_join_them():
    system = "\n\nHuman: Be kind.\n\nAssistant: I will."
    plain = [prompt("Hi"), prompt("A plum?"), prompt("Hi", "later"), prompt("  HI!")]
    expected = conversation_groups(plain).tolist()
    assert conversation_groups([system + p for p in plain]).tolist() == expected
    assert conversation_groups([system + system + p for p in plain]).tolist() == expected
    ended = ["\n\nHuman: Be kind.\n\nAssistant:", *(system + p for p in plain)]
    assert conversation_groups(ended).tolist() == [0, 1, 2, 1, 1]


def test_one_other_opening_keeps_the_shared_one_together():
    shared = [prompt("Be kind.", later) for later in "abc"]
    assert conversation_groups([*shared, prompt("Hi")]).tolist() == [0, 0, 0, 1]


def test_equal_requests_are_told_apart_by_the_answers_between_them():
    ask = "\n\nHuman: Hi\n\nAssistant: {}\n\nHuman: Why?\n\nAssistant:"
    assert conversation_groups([ask.format(x) for x in ("A", "B", "a!")]).tolist() == [0, 1, 0]


@pytest.mark.parametrize("openings", [["Hi"] * 3, ["Hi", "hi!", " HI"]])
def test_one_prompt_for_all_is_an_error_that_says_so(openings):
    with pytest.raises(
        DataError, match="all 3 records have the same prompt; folds need at least 2"
    ):
        assign([prompt(opening) for opening in openings], 2, seed=0)


def sources_of(**prompts):
    both = [(text, name) for name, texts in prompts.items() for text in texts]
    return zip(*both, strict=True)


def test_a_source_that_a_fold_would_empty_is_named():
    fixed = [prompt("Be kind.", str(i)) for i in range(9)]
    other = [prompt(f"Question {i}") for i in range(9)]
    prompts, sources = sources_of(other=other, fixed=fixed)
    folds = assign(prompts, 2, seed=0)
    with pytest.raises(DataError, match="source 'fixed' has 1 different conversations in 9 pairs"):
        check_sources(prompts, sources, folds)


def test_sources_with_pairs_left_in_every_fold_pass():
    few = [prompt(f"Few {i}") for i in range(3)]
    many = [prompt(f"Many {i}") for i in range(30)]
    prompts, sources = sources_of(few=few, many=many)
    folds = assign(prompts, 5, seed=0)
    check_sources(prompts, sources, folds)
    with pytest.raises(DataError, match="source 'few' .* leaves . pairs where training needs 3"):
        check_sources(prompts, sources, folds, least=3)


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
    pairs, _ = collect(opened("local", str(real_pairs), None, "test"), None)
    prompts = [pair.prompt for pair in pairs]
    sizes = np.bincount(conversation_groups(prompts))
    assert np.bincount(sizes).tolist() == [0, 2038, 127, 5]
    assert len(prompts) - len(set(prompts)) == 2
    assert np.ptp(np.bincount(assign(prompts, 5, seed=0))) <= 1
