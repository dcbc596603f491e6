"""Proximal policy optimisation (PPO) of a language model against a reward function.

A policy, its critic, a frozen reference, prompts and a reward function come in; the policy is
changed in place, and one row of curves a step goes out.  Caller: `policy.ppo_runs`.

The file reads from top to bottom as one step runs: settings, rollout, log-probabilities, rewards,
advantages, losses, update, loop.  Each implementation detail is marked ``[D1]`` to ``[D16]``; the
book's page "PPO, detail by detail" gives the reason and the source of each.

Shapes: ``rows`` sampled responses, ``tokens`` the longest of them; all tensors are
``(rows, tokens)`` and count only where the mask is 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from proxyreward.models.precision import Precision, autocast, check_precision
from proxyreward.models.states import padded, states
from proxyreward.models.tokenizer import encode_prompts
from proxyreward.models.training import lean, processes
from proxyreward.policy.sampling import sample_tokens, text

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import Generator, Tensor

ROWS_OBSERVED = 256  # responses that are sampled, or compared with the reference, at a time
TOKENS_OBSERVED = 256  # tokens before which whole distributions are in memory at a time
# prompts and responses -> one reward a response, in sd of the initial policy
Reward = Callable[[list[str], list[str]], np.ndarray]


@dataclass(frozen=True)
class PPOSettings:
    """How a policy is optimised.

    Attributes
    ----------
    steps
        Rollouts, each followed by an update.
    prompts_per_step, samples_per_prompt
        Of a rollout; the samples of a prompt share its computed prefix.
    epochs, minibatches
        Passes over a rollout, and parts into which each pass cuts it.
    actor_learning_rate, critic_learning_rate
        Of Adam, constant after `warmup_steps`.
    kl_coef
        Coefficient of the KL penalty (the paper's main runs have 0).
    kl_budget
        A policy whose mean KL divergence from the reference (nats a response) exceeds it is at its
        end; None sets no limit.
    gamma, lam
        Discount and decay of generalised advantage estimation.
    clip, value_clip
        Largest useful change of a probability ratio, and of a value.
    missing_eos_penalty
        Taken from the reward of a response that did not end by itself.
    max_grad_norm
        Gradients longer than this are shortened.
    lowest_entropy
        A policy whose mean entropy (nats a token) falls below it has collapsed.
    temperature, max_new_tokens, max_length
        Of sampling, as for the pool.
    precision
        Of training. In ``bf16-mixed``, rollouts, what policy, reference and critic say about them,
        and the updates are all computed under one kind of autocast: a ratio, a clipped value or a
        KL penalty compares like with like. Rewards and evaluations are fp32 in any case.
    """

    steps: int
    prompts_per_step: int
    samples_per_prompt: int
    epochs: int
    minibatches: int
    actor_learning_rate: float
    critic_learning_rate: float
    warmup_steps: int
    kl_coef: float
    kl_budget: float | None
    gamma: float
    lam: float
    clip: float
    value_clip: float
    missing_eos_penalty: float
    max_grad_norm: float
    lowest_entropy: float
    temperature: float
    max_new_tokens: int
    max_length: int
    precision: Precision = "fp32"


class Diverged(RuntimeError):
    """A run that cannot go on: a non-finite loss, or a policy without entropy."""


class BudgetSpent(RuntimeError):
    """A run that need not go on: the policy has gone as far from the reference as it may."""


# --- Rollout -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rollout:
    """Sampled responses to some prompts.

    `ids`, shape (rows, longest), holds prompts and responses, padded on the right [D1]; `start`,
    shape (rows,), where each response begins. `tokens` and `mask`, shape (rows, tokens), are the
    responses; `ended`, shape (rows,), says which of them hold EOS. `hidden`, shape (response
    tokens, width), is what the policy drew them from, where that is known.
    """

    ids: Tensor
    start: Tensor
    tokens: Tensor
    mask: Tensor
    ended: Tensor
    pad_id: int
    hidden: Tensor | None = None

    def part(self, rows: Tensor) -> Rollout:
        """Some of the rows."""
        tensors = (self.ids, self.start, self.tokens, self.mask, self.ended)
        return Rollout(*(tensor[rows] for tensor in tensors), self.pad_id)


def roll_out(
    policy, tokenizer, prompts: Sequence[str], samples: int, settings: PPOSettings, generator
) -> Rollout:
    """Sample `samples` responses to each prompt; a prompt's prefix is computed once [D2]."""
    import torch

    asked = encode_prompts(tokenizer, prompts, settings.max_length - settings.max_new_tokens)
    pad, eos, device = tokenizer.pad_token_id, tokenizer.eos_token_id, policy.device
    drawn_from: list[Tensor] = []
    tokens = sample_tokens(
        policy, asked, samples, settings.temperature, settings.max_new_tokens, pad, eos, generator,
        drawn_from,
    ).to(device)  # fmt: skip
    longest = len(drawn_from)
    tokens = tokens[:, :longest]
    mask = tokens != pad  # the padding token is never drawn, so it marks what follows EOS
    said = [row[:count] for row, count in zip(tokens.tolist(), mask.sum(1).tolist())]
    heads = [prompt for prompt in asked for _ in range(samples)]
    ids, _ = padded([head + row for head, row in zip(heads, said)], pad, device)
    return Rollout(
        ids=ids,
        start=torch.tensor(list(map(len, heads)), device=device),
        tokens=tokens,
        mask=mask,
        ended=(tokens == eos).any(1),
        pad_id=pad,
        hidden=torch.stack(drawn_from, 1)[mask],
    )


# --- What the models say about a rollout ---------------------------------------------------------


def hidden_states(model, rollout: Rollout) -> Tensor:
    """Last hidden state before each response token, shape (response tokens, width)."""
    import torch

    steps = torch.arange(rollout.tokens.shape[1], device=rollout.ids.device)
    at = (rollout.start[:, None] - 1 + steps).clamp(0, rollout.ids.shape[1] - 1)
    return states(model, rollout.ids, at, kept=rollout.mask)


def spread_out(model, hidden: Tensor, pad_id: int, temperature: float) -> Tensor:
    """Log-probabilities of what could follow states, shape (states, vocabulary).

    The temperature divides the logits of policy and reference alike [D3]; the padding token,
    which is never drawn, has no probability here either [D4].
    """
    import torch

    logits = model.get_output_embeddings()(hidden).float().div_(temperature)
    logits[:, pad_id] = torch.finfo(logits.dtype).min
    return logits.log_softmax(-1)


def log_distributions(model, rollout: Rollout, temperature: float) -> Tensor:
    """Log-probabilities of what could follow, shape (response tokens, vocabulary).

    The vocabulary is spread out for the response tokens alone, not for padding.
    """
    hidden = hidden_states(model, rollout)
    return spread_out(model, hidden, rollout.pad_id, temperature)


def of_tokens(log_probs: Tensor, rollout: Rollout) -> Tensor:
    """Log-probabilities of the sampled tokens, shape (rows, tokens), 0 where the mask is."""
    chosen = log_probs.gather(-1, rollout.tokens[rollout.mask][:, None])[:, 0]
    return in_rows(chosen, rollout.mask)


def in_rows(each: Tensor, mask: Tensor) -> Tensor:
    """What is known of each response token, shape (rows, tokens), 0 where the mask is."""
    return each.new_zeros(mask.shape).masked_scatter(mask, each)


def values_of(critic, rollout: Rollout) -> Tensor:
    """Value of the state before each response token, shape (rows, tokens), 0 where the mask is."""
    return in_rows(critic.score(hidden_states(critic, rollout)).squeeze(-1).float(), rollout.mask)


# --- Rewards and advantages ----------------------------------------------------------------------


def token_rewards(scores: Tensor, log_ratio: Tensor, mask: Tensor, kl_coef: float) -> Tensor:
    r"""Reward of each token: the KL penalty everywhere, the score on the last token [D5].

    .. math:: r_t = -\beta\,(\log\pi(a_t) - \log\pi_0(a_t)) + \mathbb 1[t = T]\, s

    Parameters
    ----------
    scores : Tensor, shape (rows,)
    log_ratio : Tensor, shape (rows, tokens)
        ``log pi - log pi_0`` of the sampled tokens: the estimator k1, unbiased for the KL.
    mask : Tensor of bool, shape (rows, tokens)
    """
    import torch

    rewards = -kl_coef * log_ratio * mask
    last = mask.sum(1) - 1
    rewards[torch.arange(len(rewards), device=rewards.device), last] += scores
    return rewards


def advantages_and_returns(
    rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float
) -> tuple[Tensor, Tensor]:
    r"""Generalised advantage estimation over the tokens of each response [D6].

    .. math:: \delta_t = r_t + \gamma V_{t+1} - V_t, \qquad
              A_t = \delta_t + \gamma\lambda A_{t+1}, \qquad R_t = A_t + V_t

    Nothing follows a response's last token: the value behind it is 0, whether the response ended
    by itself or was cut off.

    Returns
    -------
    Advantages and returns, shape (rows, tokens), 0 where the mask is.

    References
    ----------
    Schulman et al. 2016.
    """
    import torch

    values = values * mask
    advantages = torch.zeros_like(rewards)
    following = torch.zeros_like(rewards[:, 0])
    next_value = torch.zeros_like(following)
    for t in reversed(range(rewards.shape[1])):
        delta = rewards[:, t] + gamma * next_value - values[:, t]
        following = (delta + gamma * lam * following) * mask[:, t]
        advantages[:, t] = following
        next_value = values[:, t]
    return advantages, advantages + values


def whiten(advantages: Tensor, mask: Tensor, accelerator: Accelerator) -> Tensor:
    """Advantages with mean 0 and sd 1 over all response tokens of all processes [D7]."""
    import torch

    x = advantages[mask]
    sums = torch.stack([x.new_tensor(float(len(x))), x.sum(), (x**2).sum()])
    sums = accelerator.reduce(sums, "sum")
    mean = sums[1] / sums[0]
    variance = sums[2] / sums[0] - mean**2
    return (advantages - mean) * torch.rsqrt(variance.clamp(min=0) + 1e-8) * mask


# --- Losses --------------------------------------------------------------------------------------


def policy_loss(
    log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, clip: float
) -> Tensor:
    r"""Clipped surrogate of each token [D8]: ``-min(rho A, clip(rho, 1-e, 1+e) A)``.

    Schulman et al. 2017, eq. 7, with the sign of a loss.
    """
    import torch

    ratio = (log_probs - old_log_probs).exp()
    return -torch.min(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def value_loss(values: Tensor, old_values: Tensor, returns: Tensor, clip: float) -> Tensor:
    """Squared error of each value, which may not profit from leaving its old value by more than
    `clip` [D9]: ``max((V - R)^2, (clip(V) - R)^2) / 2``."""
    import torch

    clipped = old_values + (values - old_values).clamp(-clip, clip)
    return 0.5 * torch.max((values - returns) ** 2, (clipped - returns) ** 2)


@dataclass(frozen=True)
class Observed:
    """A rollout and what policy and reference say about it, before any update.

    `log_probs` and `log_ratio`, shape (rows, tokens), are of the sampled tokens; `kl_nats`,
    shape (rows,), is exact at every token; `entropy` has one value a response token.
    """

    rollout: Rollout
    responses: list[str]
    log_probs: Tensor
    log_ratio: Tensor
    kl_nats: Tensor
    entropy: Tensor


# --- The run -------------------------------------------------------------------------------------


class PPO:
    """A policy under optimisation.

    Parameters
    ----------
    policy, reference
        Causal models with equal weights at the start; the reference is never changed.
    critic
        Model with a scalar head on the policy's body, with weights of its own [D10].
    tokenizer
        Of all three.
    reward
        Scores responses, in sd of the initial policy's scores on one reference sample set [D13].
    settings, seed
        Equal ones give an equal run.
    """

    def __init__(
        self, policy, critic, reference, tokenizer, reward: Reward, settings: PPOSettings, seed: int
    ):
        import torch
        from torch.optim import Adam

        self.settings, self.tokenizer, self.reward = settings, tokenizer, reward
        check_precision(settings.precision)
        self.accelerator = processes()  # autocast is in `_training`
        device = self.accelerator.device
        self.policy, self.critic = policy.to(device), critic.to(device)
        self.reference = reference.to(device).eval().requires_grad_(False)
        rates = (settings.actor_learning_rate, settings.critic_learning_rate)
        # Adam's default epsilon of 1e-8 makes first steps on tiny gradients too large [D12].
        self.optimisers = [
            lean(Adam)(model.parameters(), lr=rate, betas=(0.9, 0.95), eps=1e-5, fused=True)
            for model, rate in zip((policy, critic), rates)
        ]
        self.schedules = [
            torch.optim.lr_scheduler.LambdaLR(optimiser, self._warm)
            for optimiser in self.optimisers
        ]
        # Each process draws other prompts and other responses; the order of updates is its own too.
        rank = self.accelerator.process_index
        self.draws = torch.Generator(self.accelerator.device).manual_seed(seed + rank)
        self.order = np.random.default_rng([seed, rank])

    def run(self, prompts: Sequence[str]) -> Iterator[dict[str, float]]:
        """Optimise on the prompts; yields one row of curves after each step.

        A row holds ``step`` (1, 2, …), and of the rollout before its update ``reward`` (mean
        score without penalties), ``kl_nats`` (mean over responses of the KL divergence from the
        reference, exact at every token), ``entropy`` (nats a token), ``ended`` (share),
        ``tokens`` (mean length); and of the update ``policy_loss``, ``value_loss``,
        ``clipped`` (share of the probability ratios beyond the clip range).

        Raises
        ------
        Diverged
            If a loss is not finite or the entropy has collapsed. The rows so far stay valid.
        BudgetSpent
            If a rollout is farther from the reference than `kl_budget`, before its update.
        """
        queue: list[str] = []
        for step in range(1, self.settings.steps + 1):
            while len(queue) < self.settings.prompts_per_step:  # every prompt once an epoch [D14]
                queue += [prompts[i] for i in self.order.permutation(len(prompts))]
            asked = queue[: self.settings.prompts_per_step]
            del queue[: len(asked)]
            yield {"step": step, **self._step(asked)}

    def sample(
        self, prompts: Sequence[str], samples: int, seed: int
    ) -> tuple[list[str], np.ndarray, float]:
        """Responses of the policy as it is, `samples` to each prompt, prompt by prompt.

        Returns
        -------
        responses : list of str
        kl_nats : ndarray, shape (compared,)
            Sum over a response's tokens of the KL divergence from the reference, of the first
            `ROWS_OBSERVED` responses: it is their mean that is wanted, and others cost as much.
        entropy : float
            Mean over the tokens of these, in nats.
        """
        import torch

        draws = torch.Generator(self.accelerator.device).manual_seed(seed)
        together = max(1, ROWS_OBSERVED // samples)
        seen = self._observe(prompts[:together], samples, draws)
        responses = seen.responses
        for start in range(together, len(prompts), together):
            asked = prompts[start : start + together]
            more = roll_out(self.policy, self.tokenizer, asked, samples, self.settings, draws)
            responses += self._texts(more)
        return responses, seen.kl_nats.cpu().numpy(), seen.entropy.mean().item()

    def _observe(self, prompts: Sequence[str], samples: int, draws: Generator) -> Observed:
        """Sample, and ask policy and reference about what was sampled."""
        import torch

        settings = self.settings
        with torch.no_grad():
            rollout = roll_out(self.policy, self.tokenizer, prompts, samples, settings, draws)
            mask, drawn = rollout.mask, rollout.hidden
            if drawn is None:
                drawn = hidden_states(self.policy, rollout)
            others = hidden_states(self.reference, rollout), rollout.tokens[mask]
            parts = zip(*(part.split(TOKENS_OBSERVED) for part in (drawn, *others)))
            found = [self._compare(*part, rollout.pad_id) for part in parts]
            log_probs, before, divergence, entropy = map(torch.cat, zip(*found))
            return Observed(
                rollout=rollout,
                responses=self._texts(rollout),
                log_probs=in_rows(log_probs, mask),
                log_ratio=in_rows(log_probs - before, mask),
                kl_nats=in_rows(divergence, mask).sum(1),
                entropy=entropy,
            )

    def _texts(self, rollout: Rollout) -> list[str]:
        return [text(self.tokenizer, row) for row in rollout.tokens.tolist()]

    def _compare(
        self, drawn: Tensor, before: Tensor, tokens: Tensor, pad_id: int
    ) -> tuple[Tensor, ...]:
        """What follows states of the policy, beside what follows the reference's.

        Returns the log-probabilities of `tokens` after both, the KL divergence and the entropy,
        all of shape (states,).
        """
        now = spread_out(self.policy, drawn, pad_id, self.settings.temperature)
        before = spread_out(self.reference, before, pad_id, self.settings.temperature)
        chosen = [told.gather(-1, tokens[:, None])[:, 0] for told in (now, before)]
        chance = now.exp()
        return *chosen, (chance * (now - before)).sum(-1), -(chance * now).sum(-1)

    def _step(self, prompts: Sequence[str]) -> dict[str, float]:
        import torch

        settings = self.settings
        with self._training():
            seen = self._observe(prompts, settings.samples_per_prompt, self.draws)
        rollout, mask = seen.rollout, seen.rollout.mask
        asked = [prompt for prompt in prompts for _ in range(settings.samples_per_prompt)]
        rewards = torch.as_tensor(
            self.reward(asked, seen.responses), dtype=torch.float32, device=mask.device
        )
        row = {
            "reward": rewards.mean(),
            "kl_nats": seen.kl_nats.mean(),
            "entropy": seen.entropy.mean(),
            "ended": rollout.ended.float().mean(),
            "tokens": mask.sum(1).float().mean(),
        }
        means = self.accelerator.reduce(torch.stack(list(row.values())), "mean").tolist()
        row = dict(zip(row, means))
        self._check(row)
        with torch.no_grad():
            with self._training():
                values = values_of(self.critic, rollout)
            scores = rewards - settings.missing_eos_penalty * ~rollout.ended  # [D15]
            each = token_rewards(scores, seen.log_ratio, mask, settings.kl_coef)
            advantages, returns = advantages_and_returns(
                each, values, mask, settings.gamma, settings.lam
            )
            advantages = whiten(advantages, mask, self.accelerator)
        losses = self._update(rollout, (seen.log_probs, values, advantages, returns))
        return row | dict(zip(("policy_loss", "value_loss", "clipped"), losses))

    def _check(self, row: dict[str, float]) -> None:
        """Stop before an update that means nothing, or that is not wanted any more."""
        settings = self.settings
        broken = [name for name, mean in row.items() if not math.isfinite(mean)]
        if broken:
            raise Diverged(f"not finite: {', '.join(broken)}")
        if row["entropy"] < settings.lowest_entropy:
            raise Diverged(
                f"the policy collapsed: entropy {row['entropy']:.2g} nats a token is below "
                f"{settings.lowest_entropy:g}; lower the learning rates or raise kl_coef"
            )
        if settings.kl_budget is not None and row["kl_nats"] > settings.kl_budget:  # [D16]
            raise BudgetSpent(
                f"KL divergence {row['kl_nats']:.2f} nats exceeds the budget of "
                f"{settings.kl_budget:g}"
            )

    def _update(self, rollout: Rollout, old: tuple[Tensor, ...]) -> list[float]:
        """Epochs of minibatches over one rollout; returns mean losses and clipped share."""
        import torch

        settings, models = self.settings, (self.policy, self.critic)
        found = []
        for _ in range(settings.epochs):
            order = torch.as_tensor(self.order.permutation(len(rollout.tokens)))
            for rows in order.tensor_split(settings.minibatches):  # [D11]
                part = rollout.part(rows)
                log_probs, values, advantages, returns = (tensor[rows] for tensor in old)
                with self._training():
                    told = log_distributions(self.policy, part, settings.temperature)
                    worth = values_of(self.critic, part)
                new = of_tokens(told, part)
                errors = (
                    policy_loss(new, log_probs, advantages, settings.clip),
                    value_loss(worth, values, returns, settings.value_clip),
                )
                moved = ((new - log_probs).exp() - 1).abs() > settings.clip
                losses = [self._token_mean(error, part.mask) for error in (*errors, moved)]
                # The same numbers in all processes, so that all of them stop or none does.
                found.append(self.accelerator.reduce(torch.stack(losses).detach(), "mean").tolist())
                if not all(map(math.isfinite, found[-1])):
                    raise Diverged("the loss is not finite; lower the learning rates")
                for model, optimiser, loss in zip(models, self.optimisers, losses):
                    optimiser.zero_grad()
                    loss.backward()
                    self._average_gradients(model)
                    torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
                    optimiser.step()
        for schedule in self.schedules:
            schedule.step()
        return np.mean(found, axis=0).tolist()

    def _training(self):
        """Context for what models compute in training; a new one after each update of weights."""
        return autocast(self.accelerator.device, self.settings.precision)

    def _token_mean(self, errors: Tensor, mask: Tensor) -> Tensor:
        """Mean over the tokens of all processes; the processes' gradients are averaged later."""
        count = self.accelerator.reduce(mask.sum().float(), "mean")
        return (errors * mask).sum() / count

    def _average_gradients(self, model) -> None:
        """Average over the processes; a wrapper does it in `forward` only, which is not called."""
        if self.accelerator.num_processes == 1:
            return
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.grad = self.accelerator.reduce(parameter.grad, "mean")

    def _warm(self, step: int) -> float:
        return min(1.0, (step + 1) / max(1, self.settings.warmup_steps))
