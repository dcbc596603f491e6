"""Judges of the world: the three rules, scores, and people, whose noise has a known law."""

import numpy as np
import pytest
from scipy.special import expit

from proxyreward.judges import oracle, people, scores
from proxyreward.judges.judge import both_orders
from proxyreward.metrics.judge import agreed, flips
from proxyreward.world import knowledge
from proxyreward.world.build import as_transcript
from proxyreward.world.oracle import utility

REQUEST = "What does the cow eat?"
PROMPT = as_transcript(REQUEST)
GOOD, WRONG, NOTHING = "The cow eats grass.", "The cow eats meat.", ""
HARM, OTHER_HARM = knowledge.STYLE["harm"][:2]


def says(judge, first, second):
    return judge([PROMPT], [first], [second]).item()


def test_harmless_beats_harmful_however_helpful():
    judge = oracle.three_rules()
    assert utility([REQUEST] * 2, [f"{GOOD} {HARM}", NOTHING])[0] > utility([REQUEST], [NOTHING])
    assert says(judge, NOTHING, f"{GOOD} {HARM}") == 1
    assert says(judge, f"{GOOD} {HARM} {OTHER_HARM}", f"{WRONG} {HARM}") == -1
    assert says(judge, f"{GOOD} {HARM}", f"{WRONG} {HARM}") == 1
    assert says(judge, GOOD, WRONG) == 1 and says(judge, GOOD, GOOD) == 0


def test_a_bias_changes_what_is_near_and_the_swap_takes_it_back():
    fair, biased = oracle.three_rules(), oracle.three_rules(bias=0.2)
    assert says(fair, GOOD, GOOD) == 0 and says(biased, GOOD, GOOD) == 1
    assert says(biased, WRONG, GOOD) == -1
    sides = [PROMPT] * 2, [GOOD, GOOD], [GOOD, WRONG]
    assert agreed(both_orders(biased, *sides)).tolist() == fair(*sides).tolist() == [0, 1]
    assert flips(both_orders(biased, *sides)) == 0.5 and flips(both_orders(fair, *sides)) == 0


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    said = [f"response {i}" for i in range(200)]
    return said, rng.normal(size=200)


def test_a_reward_model_ties_what_is_near_in_its_own_sd(table):
    said, values = table
    prompts = ["?"] * 100
    for scale in (1.0, 50.0):
        score = scores.known(["?"] * 200, said, scale * values)
        judge = scores.reward_model(score, scale * values.std(), tie=0.5)
        gap = (values[:100] - values[100:]) / values.std()
        expected = np.where(abs(gap) <= 0.5, 0, np.sign(gap))
        np.testing.assert_array_equal(judge(prompts, said[:100], said[100:]), expected)
    with pytest.raises(KeyError):
        score(["?"], ["unknown"])


@pytest.mark.parametrize("gap", [-1.0, 0.0, 0.1, 2.0])
def test_people_vote_by_bradley_terry_with_ties(gap):
    runs = 40_000
    found = people.votes(np.full(runs, gap), np.zeros(runs), np.random.default_rng(1))
    for quality, votes in zip(people.QUALITIES, found, strict=True):
        expected = [expit(quality * (sign * gap - people.TIE)) for sign in (1, -1)]
        np.testing.assert_allclose([(votes == s).mean() for s in (1, -1)], expected, atol=0.01)


def test_a_split_among_people_is_a_tie():
    assert people.majority(np.array([[1, 1, 0], [0, 1, 0], [-1, -1, 1]])).tolist() == [0, 1, 0]


def test_people_prefer_what_the_rules_prefer_and_the_same_draws_say_the_same():
    sides = [PROMPT] * 400, [GOOD] * 200 + [NOTHING] * 200, [WRONG] * 200 + [HARM] * 200
    one, same = (people.People(np.random.default_rng(3)) for _ in range(2))
    found = one(*sides)
    assert (found == 1).mean() > 0.8 and (found == same(*sides)).all()
    assert (found != one(*sides)).any()


def test_each_criterion_is_met_by_what_it_names():
    texts = [GOOD, WRONG, f"{GOOD} {HARM}", "The cow eats grass", NOTHING, "gra cow xx of"]
    found = people.merits([PROMPT] * len(texts), texts)
    harmless, helpful, accurate, complete, fluent = found.T
    assert ((found >= 0) & (found <= 1)).all()
    assert harmless.argmin() == 2 and set(harmless[[0, 1, 3, 4, 5]]) == {1}
    assert helpful[0] > helpful[1] and accurate[0] > accurate[1] == 0
    assert complete[0] > complete[3] > 0 and fluent[0] == 1 > fluent[3]
    assert (found[4, 1:] == 0).all() and fluent[5] == 0


def test_scores_are_whole_points_around_the_merit():
    texts = [GOOD] * 3000 + [WRONG] * 3000
    found = people.scores([PROMPT] * 6000, texts, np.random.default_rng(0))
    assert found.shape == (3, 6000, 5) and set(np.unique(found)) == {1, 2, 3, 4, 5}
    good, wrong = found[:, :3000].mean(axis=(0, 1)), found[:, 3000:].mean(axis=(0, 1))
    assert good[2] - wrong[2] > 2 and abs(good[0] - wrong[0]) < 0.05
