import shutil

import numpy as np
import pandas as pd
import pytest
from tests.reward.mixing import NAMES, PLAIN, SHAPE

from proxyreward.data import pairs
from proxyreward.models.build import load_reward_model
from proxyreward.models.tokenizer import load_tokenizer, train_tokenizer
from proxyreward.reward import mixes
from proxyreward.reward.mixes import SCORES, Mix
from proxyreward.reward.more import STEPS
from proxyreward.reward.score import score_pairs
from proxyreward.world.mixture import mixture


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Folder as the `sources` stage writes it, with folds besides."""
    folder = tmp_path_factory.mktemp("sources")
    training, tests = mixture(dict.fromkeys(NAMES, 24), 10, 2.0, seed=0, conflicts=(0.5,))
    pairs.write(training, folder / mixes.TRAINING)
    pairs.write(tests, folder / mixes.TESTS)
    np.save(folder / mixes.FOLDS, np.arange(len(training)) % 3)
    texts = training["prompt"] + " " + training["chosen"]
    train_tokenizer(texts, vocab_size=400).save_pretrained(folder / "tokenizer")
    return folder


def weights(model):
    """Copies of a model's weights."""
    return {name: value.clone() for name, value in model.cpu().state_dict().items()}


@pytest.fixture()
def run(data, tmp_path, monkeypatch):
    """Trains an item; returns its folder, its scores and the calls of the trainer.

    A call is the pairs, their sources, and the weights that training starts from.
    """
    calls = []
    plain = mixes.train_mixed

    def watched(model, tokens, source, *args):
        calls.append((tokens, source, weights(model)))
        plain(model, tokens, source, *args)

    monkeypatch.setattr(mixes, "train_mixed", watched)

    def go(**changes):
        values = dict(
            name="a", data=str(data), sources=NAMES, splits=1, base="scratch", shape=SHAPE,
            settings=PLAIN, tuned=None, fold=None, conflict=1.0, seed=0,
        )  # fmt: skip
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        mixes.train(Mix(**values | changes), folder)
        return folder, pd.read_parquet(folder / SCORES), calls

    return go


def test_an_item_is_trained_and_scores_all_tests(run, data):
    folder, scores, [(tokens, source, _)] = run()
    assert len(tokens) == 72
    assert np.bincount(source).tolist() == [24] * 3
    tests = pairs.read(data / mixes.TESTS)
    model, tokenizer = load_reward_model(folder), load_tokenizer(folder)
    expected = score_pairs(model, tokenizer, tests, SHAPE.max_length)
    np.testing.assert_allclose(scores[["chosen", "rejected"]], expected, atol=1e-5)
    assert scores["pair_id"].tolist() == list(range(30)) and scores["tuned"].isna().all()


def test_pairs_of_the_same_name_in_another_folder_are_read_again(run, data, tmp_path, monkeypatch):
    """As in the next replicate, which the same process may train."""
    shutil.copytree(data, tmp_path / "other/pairs")
    shutil.copytree(data, tmp_path / "first/pairs")
    fewer = pairs.read(data / mixes.TRAINING).iloc[:60]
    pairs.write(fewer, tmp_path / "other/pairs" / mixes.TRAINING)
    lengths = []
    for place in ("first", "other"):
        monkeypatch.chdir(tmp_path / place)
        _, _, calls = run(data="pairs")
        lengths.append(len(calls[-1][0]))
    assert lengths == [72, 60]


def test_a_source_alone(run):
    _, _, [(tokens, source, _)] = run(sources=("harmless",))
    assert len(tokens) == 24 and not source.any()


def test_an_untrained_model_is_scored_as_it_is(run):
    folder, scores, calls = run(sources=())
    assert not calls and not (folder / STEPS).exists()
    assert scores["chosen"].std() > 0


def test_splits_are_random_parts_of_the_only_source(run):
    _, _, [(tokens, source, _)] = run(sources=("harmless",), splits=3)
    assert len(tokens) == 24 and np.bincount(source).tolist() == [8] * 3
    assert (np.diff(source) != 0).any() and source.tolist() != sorted(source)


def test_a_fold_is_neither_learnt_nor_left_untested(run, data):
    training = pairs.read(data / mixes.TRAINING)
    _, scores, [(tokens, _, _)] = run(fold=1)
    assert len(tokens) == 48
    assert scores["pair_id"].tolist() == training["pair_id"][1::3].tolist()


def test_less_conflict_changes_sides_where_the_labels_say_so(run, data):
    _, _, [(plain, *_)] = run()
    _, _, [_, (tokens, *_)] = run(conflict=0.5)
    flipped = [meta["flipped_at"]["0.5"] for meta in pairs.read(data / mixes.TRAINING)["meta"]]
    assert 0 < sum(flipped) < 36
    expected = plain.flip(np.array(flipped))
    assert (tokens.chosen, tokens.rejected) == (expected.chosen, expected.rejected)


def test_tuned_copies_start_from_the_model_and_learn_one_source_each(run):
    folder, scores, calls = run(tuned=PLAIN)
    trained = weights(load_reward_model(folder))
    assert len(calls) == 4
    for _, _, start in calls[1:]:
        assert all(value.equal(trained[name]) for name, value in start.items())
    assert [len(tokens) for tokens, _, _ in calls[1:]] == [24] * 3
    plain = scores["chosen"] - scores["rejected"]
    assert scores["tuned"].notna().all() and abs(scores["tuned"] - plain).min() > 0
