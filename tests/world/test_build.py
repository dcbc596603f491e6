from collections import Counter
from dataclasses import fields

import numpy as np
import pytest

from proxyreward.data.pairs import validate
from proxyreward.data.report import DataError
from proxyreward.data.transcripts import last_request
from proxyreward.world import annotators, build, oracle, prompts
from proxyreward.world.tasks import CATEGORIES

SIZES = dict(training_prompts=150, pairs=200, bench_prompts=100, pool_prompts=20)


@pytest.fixture(scope="module")
def corpus():
    return build.build(**SIZES, seed=0)


def requests(frame):
    return frame["prompt"].map(last_request)


def test_sizes_are_those_asked_for(corpus):
    sizes = [len(getattr(corpus, field.name)) for field in fields(corpus)]
    assert sizes == [150, 200, 100, 20]
    validate(corpus.pairs)
    validate(corpus.bench)


def test_no_test_prompt_is_trained_on(corpus):
    test = set(corpus.bench["prompt"])
    assert not test & set(corpus.pairs["prompt"])
    assert not test & set(corpus.demonstrations["prompt"])
    assert corpus.bench["prompt"].is_unique


def test_held_out_prompts_are_skipped_even_where_they_are_common():
    texts = list(prompts.every_prompt())
    held_out = set(texts[::2])
    drawn = list(build._draw_training_prompts(300, held_out, np.random.default_rng(0)))
    assert len(drawn) == 300 and not held_out & {prompt.text for prompt in drawn}


def test_the_pool_is_the_head_of_the_accuracy_test_set(corpus):
    assert corpus.prompts["prompt"].tolist() == corpus.bench["prompt"].tolist()[:20]
    assert corpus.prompts["prompt_id"].tolist() == list(range(20))


def test_categories_are_balanced(corpus):
    for frame in (corpus.demonstrations, corpus.pairs, corpus.bench, corpus.prompts):
        found = Counter(prompts.find(text).category for text in requests(frame))
        assert found == dict.fromkeys(CATEGORIES, len(frame) // len(CATEGORIES))
    told = [meta["category"] for meta in corpus.pairs["meta"]]
    assert told == [prompts.find(text).category for text in requests(corpus.pairs)]


def test_the_oracle_prefers_what_the_accuracy_test_set_calls_chosen(corpus):
    asked = requests(corpus.bench)
    chosen, rejected = (oracle.utility(asked, corpus.bench[s]) for s in ("chosen", "rejected"))
    assert (chosen > rejected).all()


def test_labels_of_training_pairs_are_as_noisy_as_their_annotators():
    frame = build.build(1, 3000, 1, 1, seed=1).pairs
    asked = requests(frame)
    chosen, rejected = (oracle.utility(asked, frame[side]) for side in ("chosen", "rejected"))
    quality = np.array(annotators.QUALITIES)[[meta["annotator"] for meta in frame["meta"]]]
    chance = 1 / (1 + np.exp(-quality * abs(chosen - rejected)))
    differ = chosen != rejected
    sd = np.sqrt((chance * (1 - chance))[differ].sum()) / differ.sum()
    assert abs(np.mean((chosen > rejected)[differ]) - chance[differ].mean()) < 4 * sd


def test_no_pair_has_two_equal_responses(corpus):
    for frame in (corpus.pairs, corpus.bench):
        assert (frame["chosen"] != frame["rejected"]).all()


def test_equal_seeds_give_equal_data_and_other_seeds_other_data(corpus):
    again, other = build.build(**SIZES, seed=0), build.build(**SIZES, seed=1)
    for field in fields(corpus):
        frame = getattr(corpus, field.name)
        assert frame.equals(getattr(again, field.name))
        assert not frame.equals(getattr(other, field.name))


def test_pairs_apart_share_no_draw_and_no_test_prompt(corpus):
    apart = build.pairs_apart(SIZES["pairs"], corpus.bench, seed=0)
    assert len(apart) == len(corpus.pairs)
    assert set(apart["prompt"]).isdisjoint(corpus.bench["prompt"])
    same = (apart["prompt"] == corpus.pairs["prompt"]) & (apart["chosen"] == corpus.pairs["chosen"])
    assert same.mean() < 0.1
    assert apart.equals(build.pairs_apart(SIZES["pairs"], corpus.bench, seed=0))


def test_test_prompts_leave_some_of_every_category_to_train_on():
    """The world has 1,980 prompts of Chat, the fewest, and the categories come in turn."""
    drawn = build.draw_test_prompts(9895, np.random.default_rng(0))
    assert len({prompt.text for prompt in drawn if prompt.category == "Chat"}) == 1979
    with pytest.raises(DataError, match=r"bench_prompts: 9896 .* Chat.* 1980.* 9895 at most"):
        build.draw_test_prompts(9896, np.random.default_rng(0))
