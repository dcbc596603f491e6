import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from proxyreward.data import pairs
from proxyreward.models import training
from proxyreward.models.build import build_policy, load_policy
from proxyreward.models.tokenizer import encode
from proxyreward.policy import pro
from proxyreward.policy.perplexity import answer_nll
from proxyreward.policy.pro import RankedPolicy, Rankings, RankingSettings, ranking_losses
from proxyreward.policy.responses import RESPONSES
from proxyreward.reward.score import score_pairs

PRINTED = RankingSettings(False, 0.0, epochs=2, learning_rate=1e-2, batch_size=16)
FULL = dataclasses.replace(PRINTED, temperatures=True, sft_weight=0.05)
LENGTH = 64


def losses(likelihood, rewards=None):
    import torch

    given = [None if x is None else torch.tensor(x, dtype=torch.float64)
             for x in (likelihood, rewards)]  # fmt: skip
    return ranking_losses(*given).numpy()


def by_definition(likelihood, rewards):
    """The loss of one ranking with temperatures, written as the paper on PRO has it."""
    total = 0.0
    for k in range(len(likelihood) - 1):
        t = {i: 1 / (rewards[k] - rewards[i]) for i in range(k + 1, len(rewards))}
        t[k] = min(t.values())
        parts = {i: np.exp(likelihood[i] / t[i]) for i in t}
        total -= np.log(parts[k] / sum(parts.values()))
    return total


def test_the_printed_loss_by_hand():
    """The best of three has half of the mass, the next one 3/5 of what is left."""
    found = losses(np.log([[0.5, 0.3, 0.2], [0.25, 0.25, 0.5]]))
    expected = [-np.log(0.5) - np.log(0.6), -np.log(0.25) - np.log(1 / 3)]
    np.testing.assert_allclose(found, expected)


def test_two_responses_have_a_closed_form():
    likelihood, rewards = np.array([[-1.0, -1.5], [-2.0, -0.5]]), np.array([[3.0, 1.0], [0.5, 0.2]])
    gap = likelihood[:, 0] - likelihood[:, 1]
    np.testing.assert_allclose(losses(likelihood), np.log1p(np.exp(-gap)))
    sharper = gap * (rewards[:, 0] - rewards[:, 1])
    np.testing.assert_allclose(losses(likelihood, rewards), np.log1p(np.exp(-sharper)))


@pytest.mark.parametrize("count", [2, 3, 5])
def test_temperatures_are_those_of_the_paper_on_pro(count):
    rng = np.random.default_rng(count)
    likelihood = rng.normal(size=(4, count))
    rewards = -np.sort(-rng.normal(size=(4, count)), axis=1)
    expected = [by_definition(*row) for row in zip(likelihood, rewards)]
    np.testing.assert_allclose(losses(likelihood, rewards), expected)


def test_only_differences_of_rewards_count():
    likelihood, rewards = np.array([[-1.0, -3.0, -2.0]]), np.array([[2.0, 1.0, -1.0]])
    np.testing.assert_allclose(losses(likelihood, rewards), losses(likelihood, rewards + 7))
    assert losses(likelihood, 2 * rewards) != losses(likelihood, rewards)


def test_a_response_no_better_than_the_next_teaches_nothing_with_temperatures():
    import torch

    likelihood = torch.tensor([[-1.0, -3.0]], requires_grad=True)
    ranking_losses(likelihood, torch.ones(1, 2)).sum().backward()
    assert (likelihood.grad == 0).all()
    likelihood.grad = None
    ranking_losses(likelihood).sum().backward()
    assert likelihood.grad[0, 0] < -0.1 < 0.1 < likelihood.grad[0, 1]


def test_responses_are_ordered_by_their_rewards():
    said = np.array([["a", "b", "c"], ["d", "e", "f"]], dtype=object)
    found = pro.ranked(["x", "y"], said, np.array([[1.0, 3.0, 2.0], [5.0, 5.0, 6.0]]))
    assert found.responses.tolist() == [["b", "c", "a"], ["f", "d", "e"]]
    assert found.rewards.tolist() == [[3, 2, 1], [6, 5, 5]] and found.prompts == ["x", "y"]


@pytest.fixture(scope="module")
def start(tokenizer, shape, tmp_path_factory):
    """Folder of the policy to start from."""
    folder = tmp_path_factory.mktemp("start")
    build_policy("scratch", shape, tokenizer, seed=7).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def rankings(corpus):
    """Three responses to each prompt: of a pair, and one that repeats the first."""
    frame = corpus.pairs[:40]
    longer = frame["chosen"] + " " + frame["rejected"]
    responses = np.stack([frame["chosen"], frame["rejected"], longer], axis=1)
    rewards = np.tile([2.0, 0.5, -1.0], (len(frame), 1))
    return Rankings(frame["prompt"].tolist(), responses, rewards)


def first(rankings, count):
    """The first responses of each ranking."""
    return rankings._replace(
        responses=rankings.responses[:, :count], rewards=rankings.rewards[:, :count]
    )


def ranker(start, rankings, tokenizer, settings=PRINTED):
    return pro.Ranker(load_policy(start), rankings, tokenizer, settings, LENGTH)


def independent_loss(policy, tokenizer, rankings, settings):
    """Mean loss from transformers' forward pass, a response at a time."""
    import torch

    total = 0
    for prompt, responses, rewards in zip(*rankings):
        sums, counts = [], []
        for response in responses:
            [whole] = encode(tokenizer, [prompt], [response], 10_000)
            row, own = whole[-LENGTH:], len(whole) - len(tokenizer(prompt)["input_ids"])
            inside = range(max(len(row) - own, 1), len(row))
            told = policy.original(torch.tensor([row])).logits[0].log_softmax(-1)
            sums.append(sum(told[i - 1, row[i]] for i in inside))
            counts.append(len(inside))
        r, n = [s / c for s, c in zip(sums, counts)], len(sums)
        for k in range(n - 1):
            gaps = {i: rewards[k] - rewards[i] for i in range(k + 1, n)}
            power = gaps | {k: max(gaps.values())} if settings.temperatures else dict.fromkeys(
                range(k, n), 1.0
            )  # fmt: skip
            total = total - torch.log(
                torch.exp(power[k] * r[k]) / sum(torch.exp(power[i] * r[i]) for i in power)
            )
        total = total - settings.sft_weight * (n - 1) ** 2 * sums[0]
    return total / len(rankings.prompts)


@pytest.mark.parametrize("settings", [PRINTED, FULL])
@pytest.mark.parametrize("count", [2, 3])
def test_loss_and_gradient_are_those_of_an_independent_formula(
    start, rankings, tokenizer, settings, count
):
    few = first(Rankings(*(part[:4] for part in rankings)), count)
    mine = ranker(start, few, tokenizer, settings)
    loss = mine.loss(np.arange(4))
    loss.backward()
    other = load_policy(start)
    expected = independent_loss(other, tokenizer, few, settings)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    moved = 0.0
    for one, two in zip(mine.policy.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(one.grad, two.grad, rtol=2e-3, atol=1e-6)
        moved += two.grad.norm().item()
    assert moved > 0.01


@pytest.mark.parametrize("settings", [PRINTED, FULL])
def test_a_ranking_costs_the_same_in_any_batch(start, rankings, tokenizer, settings):
    """Beside longer rows, which pad it, or alone."""
    mine = ranker(start, rankings, tokenizer, settings)
    order = np.argsort(mine.lengths())
    short, long = order[:2], order[-2:]
    assert mine.lengths()[long[0]] > mine.lengths()[short[-1]] + 5
    alone = [mine.loss(np.array([i])).item() for i in (*short, *long)]
    assert mine.loss(np.array([*short, *long])).item() == pytest.approx(np.mean(alone), rel=1e-5)
    assert np.ptp(alone) > 1e-3


def mean_likelihood(policy, tokenizer, rankings):
    """Mean log-probability a token of each response, shape (rankings, n)."""
    told = [
        answer_nll(policy, tokenizer, rankings.prompts, list(column), LENGTH)
        for column in rankings.responses.T
    ]
    return -np.stack([nll / tokens for nll, tokens in told], axis=1)


def fit(start, rankings, tokenizer, settings, folder, seed=0):
    policy = load_policy(start)
    pro.train_rankings(policy, rankings, tokenizer, settings, LENGTH, seed, folder)
    return policy.eval()


def test_training_parts_the_ranked_responses(start, rankings, tokenizer, tmp_path):
    pair = first(rankings, 2)
    before = mean_likelihood(load_policy(start), tokenizer, pair)
    found = {}
    for name, settings in (("printed", PRINTED), ("full", FULL)):
        policy = fit(start, pair, tokenizer, settings, tmp_path / name)
        found[name] = mean_likelihood(policy, tokenizer, pair)
        gained = found[name] - before
        assert (gained[:, 0] - gained[:, 1]).mean() > 0.05
    assert found["full"][:, 0].mean() > found["printed"][:, 0].mean() + 0.05


def test_the_log_has_a_row_a_step_of_all_epochs(start, rankings, tokenizer, tmp_path):
    fit(start, rankings, tokenizer, PRINTED, tmp_path)
    log = json.loads((tmp_path / training.LOG).read_text())
    assert [row["step"] for row in log] == list(range(1, 2 * 3 + 1))  # 40 rankings, 16 a batch
    assert log[-1]["loss"] < log[0]["loss"]


@pytest.fixture(scope="module")
def run(corpus, start, tokenizer, reward_model, tmp_path_factory):
    """Do an item; returns its folder."""
    import torch

    root = tmp_path_factory.mktemp("run")
    tokenizer.save_pretrained(root / "tokenizer")
    pairs.write(corpus.pairs, root / "pairs.parquet")
    corpus.prompts[:6].assign(source="mixed").to_parquet(root / "prompts.parquet")
    reward_model.save_pretrained(root / "rm")
    with torch.no_grad():
        reward_model.score.weight.neg_()
        reward_model.save_pretrained(root / "opposite")
        reward_model.score.weight.neg_()

    def run(rm="rm", settings=FULL, seed=0, rankings=40):
        folder = tmp_path_factory.mktemp("item")
        item = RankedPolicy(
            name="x", data=str(root), policy=str(start), pairs=str(root / "pairs.parquet"),
            rankings=rankings, rm=str(root / rm), rm_hash=rm,
            prompts=str(root / "prompts.parquet"), test_samples=2, settings=settings,
            temperature=1.0, max_new_tokens=8, max_length=LENGTH, seed=seed,
        )  # fmt: skip
        pro.train(item, folder)
        return folder

    return run


FILES = {training.LOG, RESPONSES}


def test_an_item_leaves_its_files_and_equal_seeds_equal_bytes(run):
    one, two, other = run(), run(), run(seed=1)
    assert {path.name for path in one.iterdir()} == FILES
    for name in FILES:
        assert (one / name).read_bytes() == (two / name).read_bytes()
        assert (one / name).read_bytes() != (other / name).read_bytes()
    said = pd.read_parquet(one / RESPONSES)
    assert said.groupby("prompt_id").size().tolist() == [2] * 6


def test_the_reward_model_ranks_whatever_the_labels_say(run, corpus, start, tokenizer,
                                                        reward_model, monkeypatch):  # fmt: skip
    seen = []
    monkeypatch.setattr(pro, "train_rankings", lambda policy, rankings, *_: seen.append(rankings))
    for rm in ("rm", "opposite", "rm"):
        run(rm, rankings=30)
    told = score_pairs(reward_model, tokenizer, corpus.pairs[:30], LENGTH)
    expected = np.where(told[:, 0] >= told[:, 1], corpus.pairs["chosen"][:30],
                        corpus.pairs["rejected"][:30])  # fmt: skip
    one, opposite, again = seen
    assert one.responses[:, 0].tolist() == expected.tolist() == again.responses[:, 0].tolist()
    np.testing.assert_allclose(one.rewards, -np.sort(-told, axis=1), rtol=1e-5)
    apart = one.rewards[:, 0] > one.rewards[:, 1]
    assert (one.responses[apart, 0] == opposite.responses[apart, 1]).all() and apart.sum() > 20
    assert (expected != corpus.pairs["chosen"][:30]).any()
