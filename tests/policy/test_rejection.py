import dataclasses
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from proxyreward.data import pairs
from proxyreward.models.build import build_policy, load_policy
from proxyreward.policy import rejection
from proxyreward.policy.perplexity import answer_nll
from proxyreward.policy.rejection import (
    PERPLEXITY,
    ROUNDS,
    Aligned,
    align,
    respond,
    train,
    winners,
)
from proxyreward.policy.responses import RESPONSES
from proxyreward.policy.sft import PolicySettings, train_further
from proxyreward.reward.score import score
from proxyreward.vocabulary import ORACLE
from proxyreward.world import oracle
from proxyreward.world.build import as_transcript

WANTED = "Happy to help."


@pytest.fixture(scope="module")
def candidates(corpus):
    """Four responses to each of 30 prompts, one of them WANTED."""
    rng = np.random.default_rng(0)
    others = corpus.demonstrations["response"].tolist()
    rows = [
        (prompt_id, sample_id, "helpful", prompt, others[4 * prompt_id + sample_id])
        for prompt_id, prompt in enumerate(corpus.demonstrations["prompt"][:30])
        for sample_id in range(4)
    ]
    frame = pd.DataFrame(rows, columns=["prompt_id", "sample_id", "source", "prompt", "response"])
    frame.loc[np.arange(30) * 4 + rng.integers(4, size=30), "response"] = WANTED
    return frame


@pytest.fixture(scope="module")
def scores(candidates):
    """A reward model that loves WANTED."""
    noise = np.random.default_rng(1).normal(size=len(candidates))
    return noise + 9 * (candidates["response"] == WANTED).to_numpy()


@pytest.fixture(scope="module")
def item(corpus, tokenizer, shape, reward_model, candidates, tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    tokenizer.save_pretrained(root / "tokenizer")
    build_policy("scratch", shape, tokenizer, seed=0).save_pretrained(root / "policy")
    for judge in ("one", "two"):
        reward_model.save_pretrained(root / judge)
        tokenizer.save_pretrained(root / judge)
    candidates.to_parquet(root / "candidates.parquet")
    asked = corpus.prompts[:12].assign(source=["helpful", "harmless"] * 6)
    asked.to_parquet(root / "prompts.parquet")
    pairs.write(corpus.pairs[:20], root / "pairs.parquet")
    return Aligned(
        name="aligned", data=str(root), policy=str(root / "policy"), rm="planted", rm_hash="",
        candidates=str(root / "candidates.parquet"), samples=4, rounds=1,
        prompts=str(root / "prompts.parquet"), test_samples=2,
        held_out=str(root / "pairs.parquet"), judges=(str(root / "one"), str(root / "two")),
        settings=PolicySettings(epochs=10, learning_rate=1e-2, batch_size=8),
        temperature=0.5, max_new_tokens=12, max_length=64, seed=3,
    )  # fmt: skip


def planted(said):
    """A reward model that loves WANTED, and long responses a little."""
    return 9.0 * (said["response"] == WANTED) + 0.01 * said["response"].str.len()


@contextmanager
def rewards(planted):
    """Reward models as they are, but for the planted one."""
    real = rejection.reward_of
    with pytest.MonkeyPatch.context() as patch:
        choose = {"planted": lambda said: planted(said).to_numpy()}
        patch.setattr(rejection, "reward_of", lambda rm, most: choose.get(rm) or real(rm, most))
        yield patch


@pytest.fixture(scope="module")
def run(item, tmp_path_factory):
    """Train the item with some changes; returns its folder."""

    def run(reward=planted, **changes):
        folder = tmp_path_factory.mktemp("item")
        with rewards(reward):
            train(dataclasses.replace(item, **changes), folder)
        return folder

    return run


@pytest.fixture(scope="module")
def aligned(run):
    return run()


@pytest.fixture(scope="module")
def start(run):
    return run(rm=None, rm_hash=None)


def test_the_best_of_each_prompt_is_kept(candidates, scores):
    best = winners(candidates, scores, 4)
    assert (best["response"] == WANTED).all()
    assert best["prompt"].tolist() == candidates["prompt"][::4].tolist()
    worst = winners(candidates, -scores, 4)
    for i, response in enumerate(worst["response"]):
        part = slice(4 * i, 4 * i + 4)
        assert response == candidates["response"][part].iloc[scores[part].argmin()]


def test_of_equal_scores_the_first_wins(candidates):
    best = winners(candidates, np.zeros(len(candidates)), 4)
    assert best["response"].tolist() == candidates["response"][::4].tolist()


def test_only_the_order_of_scores_within_a_prompt_counts(candidates, scores):
    offset = np.repeat(np.random.default_rng(2).normal(size=30), 4)
    expected = winners(candidates, scores, 4)
    pd.testing.assert_frame_equal(winners(candidates, np.exp(scores) + 5, 4), expected)
    pd.testing.assert_frame_equal(winners(candidates, scores + offset, 4), expected)


def test_candidates_must_be_blocks_of_a_prompt(candidates, scores):
    twice = candidates.assign(prompt_id=candidates["prompt_id"] % 15)
    for frame in (twice, candidates.sort_values("sample_id")):
        with pytest.raises(ValueError, match="sort the candidates by prompt"):
            winners(frame, scores, 4)
    with pytest.raises(ValueError, match="120 candidates and 119 scores"):
        winners(candidates, scores[:-1], 4)
    with pytest.raises(ValueError, match="score 7 is not finite"):
        winners(candidates, np.where(np.arange(120) == 7, np.nan, scores), 4)


def test_the_policy_learns_what_the_reward_model_prefers(aligned, start):
    shares = [
        (pd.read_parquet(folder / RESPONSES)["response"] == WANTED).mean()
        for folder in (aligned, start)
    ]
    assert shares[0] > 0.8 and shares[1] == 0


def test_without_a_reward_model_the_policy_stays_as_it_is(start, item, tokenizer):
    prompts = pd.read_parquet(item.prompts)
    expected = respond(load_policy(item.policy), tokenizer, prompts, 2, item, item.seed)
    pd.testing.assert_frame_equal(pd.read_parquet(start / RESPONSES), expected)
    assert expected.columns.tolist() == ["prompt_id", "sample_id", "source", "prompt", "response"]
    assert expected["sample_id"].tolist() == [0, 1] * 12
    assert expected["prompt"].tolist() == prompts["prompt"].repeat(2).tolist()
    assert not (start / "train_log.json").exists() and not (start / ROUNDS).exists()


def test_a_monotone_change_of_the_scores_changes_nothing(run, aligned):
    other = run(reward=lambda said: np.exp(planted(said) / 3))
    for file in (RESPONSES, PERPLEXITY, "one.npy", "train_log.json"):
        assert (other / file).read_bytes() == (aligned / file).read_bytes()


def test_another_seed_gives_other_responses(run, start):
    other = run(rm=None, seed=4)
    assert (other / RESPONSES).read_bytes() != (start / RESPONSES).read_bytes()


def test_each_round_samples_from_the_policy_of_the_round_before(item, tokenizer, tmp_path):
    scored = []

    def recorded(said):
        scored.append(said)
        return planted(said)

    with rewards(recorded):
        first = align(item, tokenizer, tmp_path)
        align(dataclasses.replace(item, rounds=3), tokenizer, tmp_path)
    candidates = pd.read_parquet(item.candidates)
    asked = candidates[::4].reset_index(drop=True)
    pd.testing.assert_frame_equal(scored[0], candidates)
    pd.testing.assert_frame_equal(scored[1], candidates)
    expected = respond(first, tokenizer, asked, 4, item, item.seed + 1)
    pd.testing.assert_frame_equal(scored[2], expected)
    assert not scored[3]["response"].equals(scored[2]["response"])


def test_the_start_policy_learns_the_winners_of_all_rounds(item, tokenizer, tmp_path):
    learnt, scored = [], []
    start = load_policy(item.policy).get_output_embeddings().weight

    def recorded(said):
        scored.append(said)
        return planted(said)

    def further(policy, frame, *settings):
        assert (policy.get_output_embeddings().weight == start).all()
        learnt.append(frame)
        train_further(policy, frame, *settings)

    with rewards(recorded) as patch:
        patch.setattr(rejection, "train_further", further)
        align(dataclasses.replace(item, rounds=2), tokenizer, tmp_path)
    both = [winners(said, planted(said).to_numpy(), 4) for said in scored]
    pd.testing.assert_frame_equal(learnt[0], both[0])
    pd.testing.assert_frame_equal(learnt[1], pd.concat(both, ignore_index=True))
    scores = [planted(said).to_numpy() for said in scored]
    table = pd.read_csv(tmp_path / ROUNDS)
    assert table["round"].tolist() == [1, 2]
    assert table["reward"].tolist() == pytest.approx([own.mean() for own in scores], rel=1e-5)
    best = [own.reshape(-1, 4).max(axis=1).mean() for own in scores]
    assert table["best"].tolist() == pytest.approx(best, rel=1e-5)


def test_the_oracle_reads_the_last_request():
    said = pd.DataFrame(
        {
            "prompt": [as_transcript("What does the cow eat?")] * 2,
            "response": ["The cow eats grass.", ""],
        }
    )
    found = rejection.reward_of(ORACLE, 64)(said)
    expected = oracle.utility(["What does the cow eat?"] * 2, said["response"])
    np.testing.assert_array_equal(found, expected)


def test_judges_score_the_new_responses(aligned, reward_model, tokenizer):
    said = pd.read_parquet(aligned / RESPONSES)
    expected = score(reward_model, tokenizer, said["prompt"], said["response"], 64)
    for judge in ("one", "two"):
        np.testing.assert_array_equal(np.load(aligned / f"{judge}.npy"), expected)


def test_perplexity_is_that_of_the_preferred_responses(start, item, tokenizer):
    frame = pairs.read(Path(item.held_out))
    nll, tokens = answer_nll(
        load_policy(item.policy), tokenizer, frame["prompt"], frame["chosen"], 64
    )
    found = pd.read_parquet(start / PERPLEXITY)
    np.testing.assert_array_equal(found["nll"], nll / tokens)
    assert found["tokens"].tolist() == tokens.tolist()
    pd.testing.assert_frame_equal(found[["pair_id", "source"]], frame[["pair_id", "source"]])


def test_the_policy_itself_is_not_kept(aligned):
    names = {path.name for path in aligned.iterdir()}
    assert names == {RESPONSES, PERPLEXITY, ROUNDS, "one.npy", "two.npy", "train_log.json"}
