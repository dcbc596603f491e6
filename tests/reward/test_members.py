import dataclasses

import numpy as np
import pytest

from proxyreward.data import pairs
from proxyreward.models.build import Shape
from proxyreward.reward import members
from proxyreward.reward.members import Member
from proxyreward.reward.train import TokenPairs


@pytest.fixture()
def trained(corpus, tokenizer, tmp_path, monkeypatch):
    """Calls `members.train`; returns the numbers of the pairs that reach the trainer, and flips.

    Each pair has tokens of its own, and the better response an even one.
    """
    frame = corpus.pairs.reset_index(drop=True)
    pairs.write(frame, tmp_path / "pairs.parquet")
    np.save(tmp_path / "folds.npy", np.arange(len(frame)) % 5)
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    calls = []
    monkeypatch.setattr(members, "train_reward_model", lambda *args: calls.append(args))
    monkeypatch.setattr(members, "token_pairs", numbered)
    plain = Member(
        "m", str(tmp_path), str(tmp_path / "pairs.parquet"), 0.0, 7, None, (1, 1), 0, "scratch",
        Shape(8, 1, 1, 64), None,
    )  # fmt: skip

    def run(**changes):
        members.train(dataclasses.replace(plain, **changes), tmp_path)
        tokens = np.array([calls[-1][0].chosen, calls[-1][0].rejected])[:, :, 0]
        assert (abs(tokens[0] - tokens[1]) == 1).all()
        return tokens.min(0) // 2, tokens[0] % 2 == 1

    return run


def numbered(frame, flips, tokenizer, max_length):
    """Stands in for tokens: those of pair i are 2 i and 2 i + 1."""
    sides = ([[2 * i + side] for i in range(len(frame))] for side in (0, 1))
    return TokenPairs(*sides, 0).flip(flips)


def test_a_member_learns_from_all_pairs_but_its_fold(trained, corpus):
    everything, _ = trained()
    assert everything.tolist() == list(range(len(corpus.pairs)))
    kept, flips = trained(fold=2)
    assert (kept % 5 != 2).all() and len(kept) == len(flips) == 80


def test_flips_are_nested_and_do_not_depend_on_the_fold(trained):
    _, few = trained(flip_rate=0.1)
    _, many = trained(flip_rate=0.4)
    assert (few.sum(), many.sum()) == (10, 40) and (few <= many).all()
    kept, flips = trained(flip_rate=0.4, fold=2)
    np.testing.assert_array_equal(flips, many[kept])


def test_parts_are_nested_whatever_the_flips(trained):
    first, _ = trained(parts=(1, 4))
    half, flips = trained(parts=(2, 4), flip_rate=0.4)
    assert (len(first), len(half)) == (25, 50)
    assert set(first) < set(half)
    _, all_flips = trained(flip_rate=0.4)
    np.testing.assert_array_equal(flips, all_flips[half])
