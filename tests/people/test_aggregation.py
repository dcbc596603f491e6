from pathlib import Path

import numpy as np
import pytest

from proxyreward.data.report import DataError
from proxyreward.people import aggregation
from proxyreward.people.votes import gathered

WORDS = ("first", "second", "tie", "skip")


def cast(table):
    """Votes of a table ``(pairs, annotators)`` of choices, -1 for none."""
    rows = [
        (row, str(pair), f"a{who}", WORDS[choice])
        for row, ((pair, who), choice) in enumerate(np.ndenumerate(table), start=1)
        if choice >= 0
    ]
    return gathered(Path("v.csv"), rows, None)


def judged(pairs, quality, seed=0):
    """True preferences (0 or 1) and noisy votes of annotators who are right that often."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(pairs) < 0.4).astype(int)
    right = rng.random((pairs, len(quality))) < quality
    return truth, np.where(right, truth[:, None], 1 - truth[:, None])


def expectation_maximisation(table, labels, steps):
    """Posteriors of Dawid and Skene, written from the paper; begins with the shares of votes."""
    votes = np.stack([table == label for label in range(labels)], axis=2).astype(float)
    posterior = votes.sum(axis=1) / votes.sum(axis=(1, 2))[:, None]
    for _ in range(steps):
        prior = posterior.mean(axis=0)
        errors = np.einsum("pt,pal->atl", posterior, votes)
        errors /= errors.sum(axis=2, keepdims=True)
        likelihood = np.einsum("pal,atl->pt", votes, np.log(np.maximum(errors, 1e-300)))
        posterior = prior * np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
        posterior /= posterior.sum(axis=1, keepdims=True)
    return posterior


def test_the_majority_is_that_of_the_rule():
    table = np.array([[0, 0, 0, 1], [0, 0, 1, 1], [1, 1, 3, 3], [0, 2, 2, 1], [3, 3, 3, 3]])
    assert aggregation.majority(cast(table)).tolist() == [1, 0, -1, 0, 0]


class TestDawidSkene:
    @pytest.fixture(autouse=True)
    def package(self):
        pytest.importorskip("crowdkit")

    @pytest.mark.parametrize("labels", [2, 3])
    def test_posteriors_are_those_of_the_paper(self, labels, monkeypatch):
        monkeypatch.setattr(aggregation, "STEPS", 20)
        _, table = judged(400, [0.9, 0.8, 0.7, 0.6])
        table[:: labels * 10, :2] = labels - 1
        found = aggregation.posterior(cast(table)).sort_index(axis=1)
        expected = expectation_maximisation(table, labels, 20)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)

    def test_good_annotators_weigh_more_than_the_majority_gives_them(self):
        truth, table = judged(2000, [0.95, 0.6, 0.6, 0.6])
        expected = np.where(truth == 0, 1, -1)
        right = {
            name: np.mean(rule(cast(table)) == expected)
            for name, rule in aggregation.AGGREGATES.items()
        }
        assert right["dawid-skene"] > right["majority"] + 0.1
        assert right["dawid-skene"] > 0.93

    def test_exchanging_the_responses_exchanges_the_winners(self):
        _, table = judged(300, [0.9, 0.8, 0.7])
        table[:40, 0] = 2
        turned = np.choose(table, [1, 0, 2])
        found = aggregation.dawid_skene(cast(table))
        np.testing.assert_array_equal(aggregation.dawid_skene(cast(turned)), -found)

    def test_skips_and_absent_votes_are_no_votes(self, monkeypatch):
        monkeypatch.setattr(aggregation, "STEPS", 30)
        _, table = judged(200, [0.9, 0.8, 0.7])
        absent, skipped = table.copy(), table.copy()
        absent[::3, 1], skipped[::3, 1] = -1, 3
        one, other = (aggregation.dawid_skene(cast(x)) for x in (absent, skipped))
        np.testing.assert_array_equal(one, other)

    def test_a_pair_of_skips_has_no_winner_and_skips_alone_are_refused(self):
        table = np.array([[0, 0, 0], [3, 3, 3], [1, 1, 1], [2, 2, 2]])
        assert aggregation.dawid_skene(cast(table)).tolist() == [1, 0, -1, 0]
        with pytest.raises(DataError, match="all votes are skips"):
            aggregation.dawid_skene(cast(np.full((2, 2), 3)))


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "crowdkit.aggregation", None)
    with pytest.raises(DataError, match=r"crowd-kit; install it with: .*proxyreward\[people\]"):
        aggregation.dawid_skene(cast(np.zeros((2, 2), int)))
