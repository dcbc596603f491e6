import numpy as np
import pandas as pd
import pytest

from proxyreward.data import pairs
from proxyreward.reward import scorings
from proxyreward.reward.score import score, score_pairs


@pytest.fixture()
def data(corpus, tokenizer, reward_model, tmp_path):
    pairs.write(corpus.pairs, tmp_path / "pairs.parquet")
    pairs.write(corpus.bench, tmp_path / "bench.parquet")
    np.save(tmp_path / "folds.npy", np.arange(len(corpus.pairs)) % 5)
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    reward_model.save_pretrained(tmp_path / "model")
    return tmp_path


def test_pool_scores_lie_by_prompt_and_sample(data, corpus, tokenizer, reward_model):
    asked = pd.DataFrame({"prompt_id": np.repeat([0, 1], 3)})
    asked["prompt"] = corpus.prompts["prompt"][asked["prompt_id"]].tolist()
    asked["response"] = ["Yes.", "No.", "The cow eats grass.", "", "Yes.", "Nobody will notice."]
    asked.to_parquet(data / "responses.parquet")
    where = (str(data), str(data / "model"), "hash", str(data / "responses.parquet"))
    scorings.run(scorings.Scoring("m", *where, 64), data)
    expected = score(reward_model, tokenizer, asked["prompt"], asked["response"], 64)
    np.testing.assert_allclose(np.load(data / "pool.npy"), expected.reshape(2, 3), atol=1e-5)
    expected = score_pairs(reward_model, tokenizer, corpus.bench, 64)
    np.testing.assert_allclose(np.load(data / "bench.npy"), expected, atol=1e-5)


@pytest.mark.parametrize("fold", [3, None])
def test_margins_are_those_of_unseen_pairs(data, corpus, tokenizer, reward_model, fold):
    unseen = corpus.bench if fold is None else corpus.pairs[corpus.pairs["pair_id"] % 5 == fold]
    scorings.held_out(scorings.HeldOut("m", str(data), str(data / "model"), "h", fold, 64), data)
    margins = pd.read_parquet(data / "margins.parquet")
    assert margins["pair_id"].tolist() == unseen["pair_id"].tolist()
    expected = score_pairs(reward_model, tokenizer, unseen, 64)
    np.testing.assert_allclose(margins["margin"], expected[:, 0] - expected[:, 1], atol=1e-5)
