import dataclasses

import numpy as np
import pytest

from proxyreward.data import pairs
from proxyreward.reward import members
from proxyreward.reward.members import Member


@pytest.fixture()
def trained(corpus, tokenizer, tmp_path, monkeypatch):
    """Calls `members.train` and returns what reaches the trainer: pairs and flips."""
    pairs.write(corpus.pairs, tmp_path / "pairs.parquet")
    np.save(tmp_path / "folds.npy", np.arange(len(corpus.pairs)) % 5)
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    calls = []
    monkeypatch.setattr(members, "train_reward_model", lambda *args: calls.append(args))
    plain = Member("m", str(tmp_path), 0.0, 7, None, (1, 1), 0, "scratch", None, None)

    def run(**changes):
        members.train(dataclasses.replace(plain, **changes), tmp_path)
        return calls[-1][:2]

    return run


def test_a_member_learns_from_all_pairs_but_its_fold(trained, corpus):
    everything, _ = trained()
    assert everything["pair_id"].tolist() == list(range(len(corpus.pairs)))
    kept, flips = trained(fold=2)
    assert (kept["pair_id"] % 5 != 2).all() and len(kept) == len(flips) == 80


def test_flips_are_nested_and_do_not_depend_on_the_fold(trained):
    _, few = trained(flip_rate=0.1)
    _, many = trained(flip_rate=0.4)
    assert (few.sum(), many.sum()) == (10, 40) and (few <= many).all()
    kept, flips = trained(flip_rate=0.4, fold=2)
    np.testing.assert_array_equal(flips, many[kept["pair_id"]])


def test_parts_are_nested_whatever_the_flips(trained):
    first, _ = trained(parts=(1, 4))
    half, flips = trained(parts=(2, 4), flip_rate=0.4)
    assert (len(first), len(half)) == (25, 50)
    assert set(first["pair_id"]) < set(half["pair_id"])
    _, all_flips = trained(flip_rate=0.4)
    np.testing.assert_array_equal(flips, all_flips[half["pair_id"]])
