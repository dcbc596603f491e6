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


def test_every_file_of_responses_is_scored_row_by_row(data, corpus, tokenizer, reward_model):
    files = {}
    for name, said in {"first": ["Yes.", "No.", ""], "second": ["The cow eats grass."]}.items():
        asked = pd.DataFrame({"prompt": corpus.prompts["prompt"][: len(said)], "response": said})
        asked.to_parquet(data / f"{name}.parquet")
        files[str(data / f"{name}.parquet")] = asked
    where = (str(data / "tokenizer"), str(data / "model"), "hash", tuple(files))
    scorings.run(scorings.Scoring("m", *where, 64), data)
    for name, asked in zip(("first", "second"), files.values()):
        expected = score(reward_model, tokenizer, asked["prompt"], asked["response"], 64)
        np.testing.assert_allclose(np.load(data / f"{name}.npy"), expected, atol=1e-5)


def test_a_file_of_the_same_name_is_read_again(data, corpus, tokenizer, reward_model, monkeypatch):
    """In another folder, as in the next replicate, or written again, as in the next run."""
    said = ["The cow eats grass.", "No.", "Yes."]

    def scores(folder, response):
        (data / folder).mkdir(exist_ok=True)
        monkeypatch.chdir(data / folder)
        asked = pd.DataFrame({"prompt": corpus.prompts["prompt"][:1], "response": [response]})
        asked.to_parquet("asked.parquet")
        where = (str(data / "tokenizer"), str(data / "model"), "hash", ("asked.parquet",))
        scorings.run(scorings.Scoring("m", *where, 64), data / folder)
        return np.load("asked.npy")

    prompts = corpus.prompts["prompt"][:1].repeat(3)
    expected = score(reward_model, tokenizer, prompts, pd.Series(said), 64)
    found = [scores(folder, text) for folder, text in zip(("one", "two", "two"), said)]
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-5)


@pytest.mark.parametrize("fold", [3, None])
def test_scores_are_those_of_unseen_pairs(data, corpus, tokenizer, reward_model, fold):
    unseen = corpus.bench if fold is None else corpus.pairs[corpus.pairs["pair_id"] % 5 == fold]
    target = data / "scored"
    target.mkdir()
    scorings.held_out(scorings.HeldOut("m", str(data), str(data / "model"), "h", fold, 64), target)
    found = pd.read_parquet(target / scorings.PAIRS)
    assert found["pair_id"].tolist() == unseen["pair_id"].tolist()
    expected = score_pairs(reward_model, tokenizer, unseen, 64)
    np.testing.assert_allclose(found[["chosen", "rejected"]], expected, atol=1e-5)
