from itertools import combinations

import numpy as np
import pytest
from scipy.special import expit

from proxyreward.data.transcripts import last_request
from proxyreward.world import sources
from proxyreward.world.mixture import disagreement, mixture, prompts_of, reserved
from proxyreward.world.prompts import every_prompt, find
from proxyreward.world.tasks import CATEGORIES

SIZES = {"helpful": 60, "harmless": 200, "summarize": 30}


@pytest.fixture(scope="module")
def world():
    return mixture(SIZES, test_pairs=400, quality=2.0, seed=0, conflicts=(0.0, 0.5))


def test_sources_have_their_sizes_and_stand_in_order(world):
    training, tests = world
    assert training["source"].value_counts(sort=False).to_dict() == SIZES
    assert tests["source"].value_counts(sort=False).to_dict() == dict.fromkeys(SIZES, 400)
    for frame in world:
        assert frame["pair_id"].tolist() == list(range(len(frame)))


def test_no_prompt_is_trained_and_tested_on(world):
    training, tests = (set(frame["prompt"]) for frame in world)
    assert training and tests and not training & tests


def test_a_fifth_of_each_category_is_reserved():
    kept = reserved(0)
    for category in CATEGORIES:
        known = [p.text for p in every_prompt().values() if p.category == category]
        assert len(kept & set(known)) == len(known) // 5
    assert kept == reserved(0) != reserved(1)


@pytest.mark.parametrize("source", SIZES)
def test_a_source_asks_its_own_mix_of_prompts(world, source):
    _, tests = world
    own = tests[tests["source"] == source]
    found = own["prompt"].map(lambda prompt: find(last_request(prompt)).category)
    shares = found.value_counts(normalize=True).reindex(CATEGORIES, fill_value=0)
    np.testing.assert_allclose(shares, sources.PROMPTS[source], atol=0.08)


def test_shares_of_prompts_sum_to_one():
    assert set(sources.PROMPTS) == set(sources.SOURCES)
    for shares in sources.PROMPTS.values():
        assert len(shares) == len(CATEGORIES) and sum(shares) == pytest.approx(1)


def margin(frame, source, conflict=1.0):
    """How much more the chosen response is worth to a source."""
    requests = frame["prompt"].map(last_request)
    chosen, rejected = (
        sources.utility(source, requests, frame[c], conflict) for c in ("chosen", "rejected")
    )
    return chosen - rejected


@pytest.mark.parametrize("source", SIZES)
def test_labels_follow_the_source_through_bradley_terry_noise(world, source):
    """The share of pairs in which the better one was chosen is the mean of sigmoid(2 |margin|)."""
    _, tests = world
    gap = margin(tests[tests["source"] == source], source)
    differ = gap != 0
    assert (gap[differ] > 0).mean() == pytest.approx(
        expit(2 * abs(gap[differ])).mean(), abs=3 * 0.5 / 400**0.5
    )


@pytest.mark.parametrize("source", SIZES)
def test_pairs_know_the_chance_of_their_label_at_every_degree_of_conflict(world, source):
    _, tests = world
    own = tests[tests["source"] == source]
    np.testing.assert_allclose([m["chance"] for m in own["meta"]], expit(2 * margin(own, source)))
    for degree, at in ((0.0, "0"), (0.5, "0.5")):
        chance = np.array([meta["chance_at"][at] for meta in own["meta"]])
        np.testing.assert_allclose(chance, expit(2 * margin(own, source, degree)))
        flipped = np.array([meta["flipped_at"][at] for meta in own["meta"]])
        # A label turns only where the other one has become likelier, as often as that says.
        before = np.array([meta["chance"] for meta in own["meta"]])
        assert not flipped[chance >= before].any() and flipped.any()
        kept = np.minimum(1, chance / before)
        assert flipped.mean() == pytest.approx((1 - kept).mean(), abs=3 * 0.5 / 400**0.5)


def test_two_sources_disagree_the_more_the_stronger_their_conflict(world):
    _, tests = world
    none, half, full = (disagreement(tests, degree) for degree in (0, 0.5, 1))
    assert none == 0 < half < full
    signs = {name: np.sign(margin(tests, name)) for name in SIZES}
    each = [(signs[a] * signs[b] < 0).mean() for a, b in combinations(SIZES, 2)]
    assert full == pytest.approx(np.mean(each))


def test_sources_conflict(world):
    """Pairs that one source labelled are judged worse by another than by itself."""
    _, tests = world
    for source in SIZES:
        own = tests[tests["source"] == source]
        agree = {other: (margin(own, other) > 0).mean() for other in SIZES}
        assert all(agree[source] > agree[other] + 0.05 for other in SIZES if other != source)


def test_the_seed_decides():
    one, again, other = (mixture({"helpful": 20}, 5, 1.0, seed)[0] for seed in (3, 3, 4))
    assert one.equals(again) and not one["prompt"].equals(other["prompt"])


def test_asked_prompts_are_distinct_and_of_the_source(world):
    training, _ = world
    asked = prompts_of(training, ("helpful", "harmless"), 40, seed=0)
    assert asked["prompt_id"].tolist() == list(range(80))
    for source, own in asked.groupby("source"):
        assert own["prompt"].is_unique and len(own) == 40
        assert set(own["prompt"]) <= set(training.loc[training["source"] == source, "prompt"])
    few = prompts_of(training, ("helpful",), 10_000, seed=0)
    assert len(few) == training.loc[training["source"] == "helpful", "prompt"].nunique()
