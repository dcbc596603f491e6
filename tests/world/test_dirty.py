"""Records as people leave them: each subset as declared, votes and types as the rules say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from proxyreward.data import cleaning
from proxyreward.data.transcripts import last_request
from proxyreward.vocabulary import (
    EMPTY,
    HARMLESS_BASE,
    HELPFUL_BASE,
    HELPFUL_ONLINE,
    HELPFUL_REJECTION,
    MIXED,
    REPETITIVE,
    SUBSETS,
    TEST,
    TRAIN,
    VAGUE,
)
from proxyreward.world import annotators, dirty, oracle, sources
from proxyreward.world.mixture import reserved
from proxyreward.world.prompts import find
from proxyreward.world.records import is_toxic
from proxyreward.world.tasks import CATEGORIES
from proxyreward.world.writers import WRITERS

QUALITY, CONFLICT = 1.5, 0.5
TESTED = 250


def drawn(seed=0, held_out=frozenset(), training=600, tested=TESTED):
    return dirty.records(training, tested, QUALITY, CONFLICT, held_out, seed)


@pytest.fixture(scope="module")
def records():
    return drawn()


def of(records, source):
    """The test records of a subset."""
    return records[(records["split"] == TEST) & (records["source"] == source)]


def worth(frame, side):
    return oracle.utility(frame["prompt"].map(last_request), frame[side])


def test_a_training_set_and_five_test_sets(records):
    assert records["pair_id"].tolist() == list(range(len(records)))
    sizes = records.groupby(["split", "source"]).size().to_dict()
    assert sizes == {(TRAIN, MIXED): 600} | {(TEST, name): TESTED for name in SUBSETS}


def test_no_prompt_is_trained_and_tested_on_and_none_is_asked_that_is_held_out():
    kept_back = sorted(reserved(0))
    held_out = frozenset(kept_back[::2]) | {"What does the cow eat?"}
    asked = drawn(held_out=held_out, training=400, tested=60)
    texts = asked["prompt"].map(last_request)
    training, tests = (set(texts[asked["split"] == split]) for split in (TRAIN, TEST))
    assert training and tests and not training & tests
    assert not (training | tests) & held_out
    assert tests <= set(kept_back)


@pytest.mark.parametrize("source", SUBSETS)
def test_some_subsets_have_no_empty_and_no_repetitive_pairs(records, source):
    """Those of which the caption of Figure 7 says so."""
    found = set(of(records, source)["type"]) & {EMPTY, REPETITIVE}
    assert bool(found) == (source not in (HARMLESS_BASE, HELPFUL_REJECTION))


def test_each_subset_asks_what_its_taste_asks(records):
    for source, kind in dirty.KINDS.items():
        texts = of(records, source)["prompt"].map(last_request)
        shares = texts.map(lambda text: find(text).category).value_counts(normalize=True)
        shares = shares.reindex(CATEGORIES, fill_value=0)
        np.testing.assert_allclose(shares, sources.PROMPTS[kind.taste], atol=0.1)


def test_responses_of_a_policy_and_the_best_of_several_differ_less(records):
    spread = {name: of(records, name)["margin"].std() for name in SUBSETS}
    assert max(spread[HELPFUL_ONLINE], spread[HELPFUL_REJECTION]) < spread[HELPFUL_BASE]


def test_the_best_of_more_tries_is_worth_more_to_its_source():
    [prompt] = [find("What does the cow eat?")]
    found = []
    for tries in (1, 4):
        kind = dirty.Subset("helpful", best_of=tries, empty=False)
        rng = np.random.default_rng(0)
        said = [dirty._response(kind, prompt, rng) for _ in range(200)]
        assert all(said)
        found.append(sources.utility("helpful", [prompt.text] * 200, said).mean())
    assert found[0] + 0.5 < found[1]


def test_an_empty_first_try_stays_where_it_may(monkeypatch):
    silent = replace(WRITERS["careful"], empty=1.0)
    monkeypatch.setitem(dirty.WRITERS, "silent", silent)
    kind = dirty.Subset("helpful", writers=("silent",), best_of=3)
    assert dirty._response(kind, find("What does the cow eat?"), np.random.default_rng(0)) == ""


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_pairs_holds_one_response_twice(share):
    kind = dirty.Subset("helpful", repeated=share, empty=False)
    rng = np.random.default_rng(0)
    pairs = [dirty._two(kind, find("What does the cow eat?"), rng) for _ in range(400)]
    alike = np.mean([first == second for first, second in pairs])
    assert alike == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 400))


def test_the_margin_is_the_oracles_and_toxicity_is_the_worlds(records):
    margin = worth(records, "chosen") - worth(records, "rejected")
    np.testing.assert_allclose(records["margin"], margin, atol=1e-8)
    assert (records.loc[records["chosen"] == records["rejected"], "margin"] == 0).all()
    near = records["margin"].abs()
    assert near[near > 0].min() > 1e-6  # what floating point leaves of equal worth is none
    for column, side in (("toxic", "chosen"), ("rejected_toxic", "rejected")):
        said = zip(records["prompt"].map(last_request), records[side])
        assert records[column].tolist() == [is_toxic(*one) for one in said]
    assert 0 < records["toxic"].mean() < records["rejected_toxic"].mean()


@pytest.mark.parametrize("source", [HARMLESS_BASE, HELPFUL_BASE])
def test_the_first_label_follows_half_the_taste_through_bradley_terry_noise(records, source):
    """The share of pairs whose chosen is worth more to who labelled is the mean chance of that."""
    own = of(records, source)
    requests, taste = own["prompt"].map(last_request), dirty.KINDS[source].taste
    first, second = (
        sources.utility(taste, requests, own[side], CONFLICT) for side in ("chosen", "rejected")
    )
    gap = (first - second).round(9)
    gap = gap[gap != 0]
    chance = expit(QUALITY * abs(gap))
    sd = np.sqrt((chance * (1 - chance)).sum()) / len(gap)
    assert (gap > 0).mean() == pytest.approx(chance.mean(), abs=3.5 * sd)


def test_votes_follow_the_annotators_qualities(records):
    """By number of votes for the chosen: as many records as the Poisson-binomial law expects."""
    votes = records[list(dirty.ANNOTATORS)].to_numpy()
    chance = expit(np.multiply.outer(records["margin"].to_numpy(), annotators.QUALITIES))
    law = np.ones((len(records), 1))
    for one in chance.T[:, :, None]:
        zero = np.zeros((len(records), 1))
        law = np.hstack([law, zero]) * (1 - one) + np.hstack([zero, law]) * one
    np.testing.assert_allclose(law.sum(axis=1), 1)
    expected, sd = law.sum(axis=0), np.sqrt((law * (1 - law)).sum(axis=0))
    observed = np.bincount(votes.sum(axis=1), minlength=5)
    assert (abs(observed - expected) < 4 * sd).all()
    # Each annotator by himself, who is the better the later he stands.
    assert (abs(votes.mean(axis=0) - chance.mean(axis=0)) < 4 * 0.5 / np.sqrt(len(votes))).all()
    right = (votes == (records["margin"] > 0).to_numpy()[:, None])[records["margin"] != 0]
    assert right[:, 0].mean() < right[:, -1].mean()


def test_types_follow_the_rule(records):
    ours = records[list(dirty.ANNOTATORS)].sum(axis=1).to_numpy()
    winner = np.sign(ours - 2)
    for row, won in zip(records.itertuples(), winner, strict=True):
        content = cleaning.content_type(row.chosen, row.rejected)
        assert row.type == cleaning.type_of(content, row.toxic, won)
    assert (ours[records["type"] == VAGUE] == 2).all()
    assert set(records["type"]) == set(cleaning.TYPES)


def test_the_seed_decides():
    one, again, other = (drawn(seed, training=40, tested=10) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(one, again)
    assert not one["prompt"].equals(other["prompt"])
