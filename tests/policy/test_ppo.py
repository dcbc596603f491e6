import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from tests.policy import two_processes
from tests.policy.letters import (
    EOS,
    PAD,
    PROMPTS,
    SETTINGS,
    A,
    B,
    C,
    D,
    causal,
    critic,
    learner,
    letters,
    share_of_a,
)  # fmt: skip

from proxyreward.data.report import DataError
from proxyreward.models.states import padded
from proxyreward.policy import ppo
from proxyreward.policy.ppo import BudgetSpent, Diverged, Rollout

SHORT, LONG = ([A], [B, EOS]), ([D, C, B, A, A], [C, C, A, D, B, EOS])


def rollout_of(*rows):
    """A rollout written down: (prompt, response) pairs of token lists."""
    tokens, mask = padded([said for _, said in rows], PAD, "cpu")
    return Rollout(
        ids=padded([prompt + said for prompt, said in rows], PAD, "cpu")[0],
        start=torch.tensor([len(prompt) for prompt, _ in rows]),
        tokens=tokens,
        mask=mask,
        ended=(tokens == EOS).any(1),
        pad_id=PAD,
    )


def plain_log_probs(model, prompt, said, temperature):
    """Shape (response tokens, vocabulary), by one forward pass over the bare tokens."""
    with torch.no_grad():
        logits = model(torch.tensor([prompt + said])).logits[0, len(prompt) - 1 : -1].double()
    logits = logits.numpy() / temperature
    logits[:, PAD] = -np.inf
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def next_token(learner):
    """Probability of each token but the padding as a response to the prompt "a b"."""
    with torch.no_grad():
        log_probs = ppo.log_distributions(
            learner.policy, rollout_of(([A, B], [EOS])), learner.settings.temperature
        )
    return log_probs[0, EOS:].exp().double().numpy()


# --- Rollout -------------------------------------------------------------------------------------


def test_a_rollout_holds_prompts_responses_and_their_masks():
    settings, draws = SETTINGS, torch.Generator().manual_seed(0)
    rollout = ppo.roll_out(causal(), letters(), ["a b c", "d"], 50, settings, draws)
    assert rollout.start.tolist() == [3] * 50 + [1] * 50
    for i, (tokens, mask, ended) in enumerate(zip(rollout.tokens, rollout.mask, rollout.ended)):
        said = tokens[mask].tolist()
        whole = ([A, B, C] if i < 50 else [D]) + said
        assert rollout.ids[i].tolist() == whole + [PAD] * (rollout.ids.shape[1] - len(whole))
        assert PAD not in said and EOS not in said[:-1]
        assert ended == (said[-1] == EOS) and (ended or len(said) == settings.max_new_tokens)
    assert 0 < rollout.ended.sum() < 100


def test_a_rollout_keeps_the_states_that_it_was_drawn_from():
    """Those of a whole forward pass: rows that left the batch have kept theirs."""
    settings, draws = SETTINGS, torch.Generator().manual_seed(0)
    rollout = ppo.roll_out(causal(), letters(), ["a b c", "d"], 50, settings, draws)
    with torch.no_grad():
        expected = ppo.hidden_states(causal(), rollout)
    torch.testing.assert_close(rollout.hidden, expected, rtol=0, atol=1e-5)


def test_every_prompt_comes_once_an_epoch(monkeypatch):
    asked, roll_out = [], ppo.roll_out

    def spy(policy, tokenizer, prompts, *others):
        asked.extend(prompts)
        return roll_out(policy, tokenizer, prompts, *others)

    monkeypatch.setattr(ppo, "roll_out", spy)
    list(learner(share_of_a, steps=8, prompts_per_step=3).run(PROMPTS))
    epochs = [asked[start : start + 8] for start in range(0, 24, 8)]
    assert all(sorted(epoch) == sorted(PROMPTS) for epoch in epochs)
    assert epochs[0] != epochs[1]


# --- What the models say about a rollout ---------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_log_distributions_are_the_models_own(temperature):
    found = ppo.log_distributions(causal(), rollout_of(LONG), temperature).detach().numpy()
    expected = plain_log_probs(causal(), *LONG, temperature)
    allowed = np.arange(6) != PAD
    np.testing.assert_allclose(found[:, allowed], expected[:, allowed], atol=1e-5)
    assert (np.exp(found[:, PAD]) == 0).all()


def test_of_tokens_picks_what_was_said():
    log_probs = ppo.log_distributions(causal(), rollout_of(SHORT, LONG), 1.0)
    found = ppo.of_tokens(log_probs, rollout_of(SHORT, LONG)).detach().numpy()
    for row, (prompt, said) in zip(found, (SHORT, LONG)):
        expected = plain_log_probs(causal(), prompt, said, 1.0)[np.arange(len(said)), said]
        np.testing.assert_allclose(row[: len(said)], expected, atol=1e-5)
        assert (row[len(said) :] == 0).all()


def test_sampled_tokens_have_the_frequencies_that_the_log_probs_say():
    """Sampling and loss agree on the distribution, also where the temperature is not 1."""
    one = learner(share_of_a, temperature=2.0, max_new_tokens=1)
    draws, count = torch.Generator().manual_seed(0), 5000
    tokens = ppo.roll_out(one.policy, one.tokenizer, ["a b"], count, one.settings, draws).tokens
    seen, chance = np.bincount(tokens[:, 0], minlength=6)[EOS:], next_token(one)
    assert (abs(seen - count * chance) < 4 * np.sqrt(count * chance * (1 - chance))).all()


@pytest.mark.parametrize("alone", [SHORT, LONG])
def test_padding_of_neighbours_changes_no_number(alone):
    beside, row = rollout_of(SHORT, LONG), [SHORT, LONG].index(alone)
    count = len(alone[1])
    first = 0 if row == 0 else len(SHORT[1])  # log_distributions puts the rows end to end
    with torch.no_grad():
        one = ppo.log_distributions(causal(), rollout_of(alone), 1.0)
        two = ppo.log_distributions(causal(), beside, 1.0)[first : first + count]
        torch.testing.assert_close(one, two, rtol=0, atol=1e-5)
        one = ppo.values_of(critic(), rollout_of(alone))[0]
        two = ppo.values_of(critic(), beside)[row, :count]
        torch.testing.assert_close(one, two, rtol=0, atol=1e-5)
        assert len(one.unique()) > 1


def test_positions_do_not_count_padding():
    """Rotary models do not notice, those with absolute positions do."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    model = GPT2LMHeadModel(
        GPT2Config(vocab_size=6, n_positions=12, n_embd=8, n_layer=1, n_head=2, pad_token_id=PAD)
    ).eval()
    with torch.no_grad():
        model.transformer.wpe.weight.normal_()
        one = ppo.log_distributions(model, rollout_of(SHORT), 1.0)
        two = ppo.log_distributions(model, rollout_of(SHORT, LONG), 1.0)[: len(one)]
    torch.testing.assert_close(one, two, rtol=0, atol=1e-5)


def test_padding_of_neighbours_does_not_change_a_step(monkeypatch):
    """The same response in a rollout of its own, and cut out of one with a longer neighbour."""
    narrow = rollout_of(SHORT)
    wide = rollout_of(SHORT, LONG).part(torch.tensor([0]))
    assert wide.ids.shape[1] > narrow.ids.shape[1]
    found = []
    for rollout in (narrow, wide):
        monkeypatch.setattr(ppo, "roll_out", lambda *args, rollout=rollout: rollout)
        one = learner(
            lambda *args: np.ones(1), samples_per_prompt=1, steps=1, minibatches=1, kl_coef=0.1
        )
        (row,) = one.run(["a"])
        found.append((list(row.values()), two_processes.weights(one)))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-5)
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-5)
    assert not np.allclose(found[0][1], two_processes.weights(learner(share_of_a)), atol=1e-3)


# --- KL ------------------------------------------------------------------------------------------


def test_a_policy_has_no_divergence_from_itself():
    _, kl, _ = learner(share_of_a).sample(PROMPTS, 8, seed=0)
    assert kl.shape == (64,) and abs(kl).max() < 1e-6


def test_the_divergence_is_exact_at_every_token():
    """Against sums over the vocabulary for each response, by bare forward passes."""
    one = learner(share_of_a, temperature=1.5)
    one.reference = causal(seed=1)
    seen = one._observe(["a b c", "d"], 5, torch.Generator().manual_seed(0))
    entropies = []
    for row, found in zip(range(10), seen.kl_nats.tolist()):
        prompt = [A, B, C] if row < 5 else [D]
        said = seen.rollout.tokens[row][seen.rollout.mask[row]].tolist()
        now, before = (
            plain_log_probs(model, prompt, said, 1.5)[:, EOS:]
            for model in (one.policy, one.reference)
        )
        assert found == pytest.approx((np.exp(now) * (now - before)).sum(), abs=1e-4)
        entropies.extend(-(np.exp(now) * now).sum(1))
    np.testing.assert_allclose(seen.entropy.numpy(), entropies, atol=1e-5)


def test_the_estimator_of_the_penalty_has_the_exact_divergence_as_its_mean():
    one = learner(share_of_a)
    one.reference = causal(seed=1)
    seen = one._observe(["a b c"], 4000, torch.Generator().manual_seed(0))
    k1, exact = seen.log_ratio.sum(1).numpy(), seen.kl_nats.numpy()
    error = (k1 - exact).std() / np.sqrt(len(k1))
    assert abs(k1.mean() - exact.mean()) < 4 * error < 0.2 * exact.mean()
    assert k1.std() > exact.std()


# --- Rewards and advantages ----------------------------------------------------------------------

MASK = torch.tensor([[1, 1, 1], [1, 1, 0]]).bool()


def test_the_score_stands_on_the_last_token_and_the_penalty_on_all():
    log_ratio = torch.tensor([[1.0, -2.0, 3.0], [0.5, 1.0, 99.0]])
    found = ppo.token_rewards(torch.tensor([10.0, 20.0]), log_ratio, MASK, kl_coef=0.1)
    expected = torch.tensor([[-0.1, 0.2, -0.3 + 10], [-0.05, -0.1 + 20, 0.0]])
    torch.testing.assert_close(found, expected)


def test_advantages_worked_out_by_hand():
    """gamma = lam = 1/2. The first row has three tokens, the second two and padding.

    Row 1: delta = (0 + 2/2 - 1, 0 + 4/2 - 2, 2 - 4) = (0, 0, -2); each advantage takes a quarter
    of the next: (-1/8, -1/2, -2). Row 2: delta = (-1 + 1/2 - 1/2, 3 - 1) = (-1, 2).
    """
    rewards = torch.tensor([[0.0, 0.0, 2.0], [-1.0, 3.0, 0.0]])
    values = torch.tensor([[1.0, 2.0, 4.0], [0.5, 1.0, 99.0]])
    advantages, returns = ppo.advantages_and_returns(rewards, values, MASK, gamma=0.5, lam=0.5)
    assert advantages.tolist() == [[-0.125, -0.5, -2.0], [-0.5, 2.0, 0.0]]
    assert returns.tolist() == [[0.875, 1.5, 2.0], [0.0, 3.0, 0.0]]


def summed_deltas(rewards, values, gamma, lam):
    """Advantages of one response by their definition: discounted sums of later deltas."""
    following = [*values[1:], 0.0]
    deltas = [r + gamma * v2 - v for r, v2, v in zip(rewards, following, values)]
    return [
        sum((gamma * lam) ** (later - t) * deltas[later] for later in range(t, len(deltas)))
        for t in range(len(deltas))
    ]


def discounted_returns(rewards, values, gamma):
    """Rewards to come less the value, which lam = 1 must give."""
    count = len(rewards)
    return [
        sum(gamma ** (later - t) * rewards[later] for later in range(t, count)) - values[t]
        for t in range(count)
    ]


def one_step_errors(rewards, values, gamma):
    """Errors of temporal difference, which lam = 0 must give."""
    return [r + gamma * v2 - v for r, v2, v in zip(rewards, [*values[1:], 0.0], values)]


@pytest.mark.parametrize(
    "gamma, lam, reference",
    [
        (0.9, 0.7, lambda r, v: summed_deltas(r, v, 0.9, 0.7)),
        (1.0, 0.95, lambda r, v: summed_deltas(r, v, 1.0, 0.95)),
        (0.9, 1.0, lambda r, v: discounted_returns(r, v, 0.9)),
        (0.9, 0.0, lambda r, v: one_step_errors(r, v, 0.9)),
    ],
)
def test_advantages_follow_their_definition(gamma, lam, reference):
    rng = np.random.default_rng(0)
    lengths = np.array([1, 3, 8, 5])
    mask = torch.as_tensor(np.arange(8) < lengths[:, None])
    rewards, values = (torch.as_tensor(rng.normal(size=(4, 8))) for _ in range(2))
    advantages, returns = ppo.advantages_and_returns(rewards * mask, values, mask, gamma, lam)
    for row, length in enumerate(lengths):
        expected = reference(rewards[row, :length].tolist(), values[row, :length].tolist())
        np.testing.assert_allclose(advantages[row, :length], expected, atol=1e-12)
    torch.testing.assert_close(returns, (advantages + values) * mask)
    assert (advantages[~mask] == 0).all()


def test_whitened_advantages_have_mean_0_and_sd_1_where_the_mask_is_1():
    mask = torch.rand(20, 9, generator=torch.Generator().manual_seed(0)) < 0.6
    advantages = 5 + 3 * torch.randn(20, 9, generator=torch.Generator().manual_seed(1))
    white = ppo.whiten(advantages, mask, Accelerator())
    assert white[mask].mean().item() == pytest.approx(0, abs=1e-5)
    assert white[mask].std(correction=0).item() == pytest.approx(1, abs=1e-4)
    assert (white[~mask] == 0).all()
    padding = torch.where(mask, advantages, 1e3)
    torch.testing.assert_close(ppo.whiten(padding, mask, Accelerator()), white)


def test_equal_advantages_are_whitened_to_0():
    assert (ppo.whiten(torch.ones(2, 3), MASK, Accelerator()) == 0).all()


def test_only_responses_that_were_cut_off_pay_the_penalty(monkeypatch):
    scored, token_rewards = [], ppo.token_rewards

    def spy(scores, *others):
        scored.append(scores)
        return token_rewards(scores, *others)

    monkeypatch.setattr(ppo, "token_rewards", spy)
    rollout = rollout_of(([A], [B, EOS]), ([A], [B, B]))
    monkeypatch.setattr(ppo, "roll_out", lambda *args: rollout)
    one = learner(
        lambda *args: np.array([0.5, 0.75]), steps=1, samples_per_prompt=2, missing_eos_penalty=2.0
    )
    (row,) = one.run(["a"])
    assert scored[0].tolist() == [0.5, -1.25]
    assert row["reward"] == pytest.approx(0.625)  # the curve shows scores without the penalty


# --- Losses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ratio, advantage, loss, gradient",
    [
        (1.0, 2.0, -2.0, -2.0),
        (1.1, 2.0, -2.2, -2.2),  # inside the clip range
        (1.1, -2.0, 2.2, 2.2),
        (1.5, 2.0, -2.4, 0.0),  # has gained enough
        (0.5, -2.0, 1.6, 0.0),
        (0.5, 2.0, -1.0, -1.0),  # has gone the wrong way and must come back
        (1.5, -2.0, 3.0, 3.0),
    ],
)
def test_clipped_surrogate(ratio, advantage, loss, gradient):
    new = torch.tensor(ratio).log().requires_grad_()
    found = ppo.policy_loss(new, torch.tensor(0.0), torch.tensor(advantage), clip=0.2)
    found.backward()
    assert found.item() == pytest.approx(loss) and new.grad.item() == pytest.approx(gradient)


@pytest.mark.parametrize(
    "value, target, loss, gradient",
    [
        (1.1, 2.0, 0.9**2 / 2, -0.9),  # inside the clip range around the old value, 1
        (1.5, 2.0, 0.8**2 / 2, 0.0),  # nearer to the return than the clip range allows
        (0.5, 0.0, 0.8**2 / 2, 0.0),
        (0.5, 2.0, 1.5**2 / 2, -1.5),  # further from the return than before
        (1.5, 0.0, 1.5**2 / 2, 1.5),
    ],
)
def test_clipped_value_loss(value, target, loss, gradient):
    new = torch.tensor(value, requires_grad=True)
    found = ppo.value_loss(new, torch.tensor(1.0), torch.tensor(target), clip=0.2)
    found.backward()
    assert found.item() == pytest.approx(loss) and new.grad.item() == pytest.approx(gradient)


# --- The run -------------------------------------------------------------------------------------


def test_each_epoch_takes_every_response_once(monkeypatch):
    taken, part = [], Rollout.part

    def spy(rollout, rows):
        taken.append(rows.tolist())
        return part(rollout, rows)

    monkeypatch.setattr(Rollout, "part", spy)
    list(learner(share_of_a, steps=1, minibatches=3).run(PROMPTS))
    assert [len(rows) for rows in taken] == [6, 5, 5] * 2
    epochs = [sum(taken[:3], []), sum(taken[3:], [])]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(16)) and epochs[0] != epochs[1]


def test_rates_warm_up_and_then_stay():
    one = learner(share_of_a, steps=4, warmup_steps=2, critic_learning_rate=3e-2)
    rates = []
    for _ in one.run(PROMPTS):  # after a step stands the rate of the next one
        rates.append([optimiser.param_groups[0]["lr"] for optimiser in one.optimisers])
    assert np.allclose(rates, [[1e-2, 3e-2]] * 4)
    first = learner(share_of_a, warmup_steps=2).optimisers[0].param_groups[0]["lr"]
    assert first == pytest.approx(5e-3)


def test_only_policy_and_critic_learn():
    one = learner(share_of_a)
    before = [parameter.clone() for parameter in one.reference.parameters()]
    list(one.run(PROMPTS))
    assert all(torch.equal(old, new) for old, new in zip(before, one.reference.parameters()))
    for changed, start in ((one.policy, causal()), (one.critic, critic())):
        pairs = zip(changed.parameters(), start.parameters())
        assert not any(torch.equal(new, old) for new, old in pairs)


BANDIT = {"": 0.5, "a": 1.0, "b": 0.0, "c": -1.0, "d": 0.3}  # the empty response is the end alone
WORTH = np.array(list(BANDIT.values()))


def bandit(kl_coef, steps, samples):
    """PPO on responses of a single token; chances before and after."""
    one = learner(
        lambda prompts, responses: np.array([BANDIT[response] for response in responses]),
        steps=steps, samples_per_prompt=samples, prompts_per_step=1, max_new_tokens=1,
        kl_coef=kl_coef, actor_learning_rate=5e-3,
    )  # fmt: skip
    start = next_token(one)
    list(one.run(["a b"]))
    return start, next_token(one)


def test_without_a_penalty_the_best_answer_wins():
    start, end = bandit(kl_coef=0.0, steps=60, samples=64)
    assert start[1] < 0.1 and end[1] > 0.9


def test_with_a_penalty_the_policy_goes_to_the_known_optimum():
    """The optimum of reward - beta KL is the start times exp(reward / beta)."""
    start, end = bandit(kl_coef=0.4, steps=60, samples=128)
    best = start * np.exp(WORTH / 0.4)
    best /= best.sum()
    distance = [(best * np.log(best / p)).sum() for p in (start, end)]
    assert distance[1] < 0.05 * distance[0]
    np.testing.assert_allclose(end, best, atol=0.05)
    assert abs(best - start).max() > 0.1


PINNED = {
    "reward": [0.309375, 0.1875, 0.447917],
    "kl_nats": [0.0, 0.12115, 0.6338],
    "entropy": [1.14997, 1.08393, 1.18602],
    "ended": [0.375, 0.5, 0.625],
    "tokens": [5.1875, 4.125, 3.875],
    "policy_loss": [-0.029244, -0.00519519, -0.00206073],
    "value_loss": [0.190314, 0.0447097, 0.0428447],
    "clipped": [0.291667, 0.0799161, 0.221882],
}


def rows_of(seed):
    changes = {"kl_coef": 0.05, "missing_eos_penalty": 0.1, "warmup_steps": 2}
    return list(learner(share_of_a, seed, **changes).run(PROMPTS))


def test_the_run_follows_the_pinned_trajectory():
    rows = rows_of(seed=0)
    assert [row["step"] for row in rows] == [1, 2, 3]
    for name, pinned in PINNED.items():
        assert [row[name] for row in rows] == pytest.approx(pinned, rel=1e-3, abs=1e-6), name


def test_bf16_mixed_compares_like_with_like(bf16):
    # In the first update of all responses at once, policy, old policy and reference are one.
    (row,) = learner(share_of_a, steps=1, epochs=1, minibatches=1, precision=bf16).run(PROMPTS)
    assert row["kl_nats"] == row["clipped"] == 0 and abs(row["policy_loss"]) < 1e-6


def test_bf16_mixed_is_for_training_alone(bf16):
    mixed, plain = learner(share_of_a, precision=bf16), learner(share_of_a)
    for one, other in zip(mixed.sample(PROMPTS, 4, seed=0), plain.sample(PROMPTS, 4, seed=0)):
        np.testing.assert_array_equal(one, other)
    entropies = [next(each.run(PROMPTS))["entropy"] for each in (mixed, plain)]
    assert entropies[0] != entropies[1] == pytest.approx(entropies[0], abs=0.02)
    for model in (mixed.policy, mixed.critic):
        assert {value.dtype for value in model.parameters()} == {torch.float32}


def test_bf16_mixed_is_refused_without_a_gpu_for_it(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(DataError, match="needs a GPU"):
        learner(share_of_a, precision="bf16-mixed")


def test_the_seed_decides_the_run():
    assert rows_of(seed=1) == rows_of(seed=1) != rows_of(seed=0)


def test_samples_come_prompt_by_prompt_and_in_any_batches(monkeypatch):
    one = learner(share_of_a, temperature=1e-4)  # greedy, so that batches draw the same
    one.reference = causal(seed=1)
    together = one.sample(PROMPTS, 2, seed=0)
    monkeypatch.setattr(ppo, "ROWS_OBSERVED", 3)
    said, kl, entropy = one.sample(PROMPTS, 2, seed=0)
    assert len(said) == 16 and said[::2] == said[1::2] and said == together[0]
    # The first batch alone is compared with the reference.
    np.testing.assert_allclose(kl, together[1][:2], rtol=1e-4)
    assert entropy == pytest.approx(one.sample(PROMPTS[:1], 2, seed=0)[2], abs=1e-6)
    assert len(together[1]) == 16


# --- Divergence ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes, reward, message",
    [
        ({}, lambda p, r: np.full(len(r), np.nan), "not finite: reward"),
        ({"actor_learning_rate": 1e30}, share_of_a, "not finite: kl_nats, entropy|loss is not fin"),
        ({"critic_learning_rate": 1e30}, share_of_a, "loss is not finite; lower the learning"),
        ({"lowest_entropy": 1.5}, share_of_a, r"collapsed: entropy 1\.\d+ .* below 1.5; lower the"),
    ],
)
def test_a_run_that_cannot_go_on_says_why(changes, reward, message):
    with pytest.raises(Diverged, match=message):
        list(learner(reward, **changes).run(PROMPTS))


def test_a_policy_that_has_gone_as_far_as_it_may_is_left_as_it_is():
    """The rollout that is too far is seen, but nothing is learnt from it."""
    free = learner(share_of_a, steps=8)
    kl = [row["kl_nats"] for row in free.run(PROMPTS)]
    far = next(i for i in range(1, 8) if kl[i] == max(kl[: i + 1]))
    kept = learner(share_of_a, steps=far)
    list(kept.run(PROMPTS))
    stopped = learner(share_of_a, steps=8, kl_budget=max(*kl[:far], (kl[far - 1] + kl[far]) / 2))
    rows = []
    with pytest.raises(BudgetSpent, match=rf"{kl[far]:.2f} nats exceeds the budget of"):
        for row in stopped.run(PROMPTS):
            rows.append(row)
    assert [row["kl_nats"] for row in rows] == kl[:far]
    for one, other in zip(stopped.policy.parameters(), kept.policy.parameters()):
        assert torch.equal(one, other)


def test_a_policy_that_always_says_the_same_has_collapsed():
    one = learner(lambda p, r: -share_of_a(p, r), steps=100, lowest_entropy=0.3)
    rows = []
    with pytest.raises(Diverged, match="collapsed"):
        for row in one.run(PROMPTS):
            rows.append(row)
    assert len(rows) > 2 and all(row["entropy"] >= 0.3 for row in rows)


# --- Several processes ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(tmp_path_factory, root):
    """What two processes have left."""
    folder = tmp_path_factory.mktemp("processes")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    paths = os.pathsep.join([str(root), str(root / "src")])
    environment = os.environ | {
        "PYTHONPATH": paths, "ACCELERATE_USE_CPU": "true", "GLOO_SOCKET_IFNAME": "lo",
    }  # fmt: skip
    subprocess.run(
        [*launch, "-m", "tests.policy.two_processes", str(folder)],
        env=environment, cwd=root, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    found = [np.load(folder / f"{rank}.npz") for rank in range(2)]
    assert [int(each["processes"]) for each in found] == [2, 2]
    return found


def test_two_processes_keep_equal_weights_and_curves(pair):
    np.testing.assert_array_equal(pair[0]["weights"], pair[1]["weights"])
    np.testing.assert_array_equal(pair[0]["rewards"], pair[1]["rewards"])


def test_two_processes_draw_responses_of_their_own(pair):
    assert (pair[0]["said"] != pair[1]["said"]).any()


def test_two_processes_take_the_step_that_one_takes_on_all_responses(pair):
    row, weights = two_processes.step_on(slice(None))
    for each in pair:
        np.testing.assert_allclose(each["stepped"], weights, atol=1e-5)
    curves = dict(zip(row, pair[0]["half"]))
    for name in ("reward", "kl_nats", "ended", "tokens", "policy_loss", "value_loss", "clipped"):
        assert curves[name] == pytest.approx(row[name], abs=1e-5), name
    half = two_processes.step_on(slice(0, None, 2))[1]
    assert abs(half - weights).max() > 1e-3  # a process by itself would have gone elsewhere


def test_two_processes_whiten_over_all_their_tokens(pair):
    values, mask = two_processes.advantages()
    both = np.concatenate([each["whitened"] for each in pair])
    np.testing.assert_allclose(both, ppo.whiten(values, mask, Accelerator()), atol=1e-5)
    assert abs(both[:2][mask[:2]].mean()) > 0.1  # not white within one process


# --- The book ------------------------------------------------------------------------------------


def test_code_and_book_name_the_same_details(root):
    code = (root / "src/proxyreward/policy/ppo.py").read_text(encoding="utf-8")
    page = (root / "book/ppo.md").read_text(encoding="utf-8")
    marked, explained = (set(re.findall(r"\[(D\d+)\]", text)) for text in (code, page))
    assert marked == explained == {f"D{i}" for i in range(1, 17)}
