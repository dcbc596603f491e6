"""The smallest world for PPO: six tokens, and models of some hundred weights.

`learner` is PPO on a reward function with `SETTINGS`; everything else is what it is made of.
Callers: the tests of PPO, and the script that two processes run.
"""

import dataclasses

import numpy as np

from proxyreward.models.build import Shape, build_policy, build_reward_model
from proxyreward.policy.ppo import PPO, PPOSettings

PAD, EOS, A, B, C, D = range(6)
PROMPTS = ["a b c", "d d", "c a", "b", "d c b a", "a a", "c", "b d"]
SETTINGS = PPOSettings(
    steps=3, prompts_per_step=4, samples_per_prompt=4, epochs=2, minibatches=2,
    actor_learning_rate=1e-2, critic_learning_rate=1e-2, warmup_steps=0, kl_coef=0.0,
    kl_budget=None, gamma=1.0, lam=0.95, clip=0.2, value_clip=0.2, missing_eos_penalty=0.0,
    max_grad_norm=1.0, lowest_entropy=0.0, temperature=1.0, max_new_tokens=6, max_length=12,
)  # fmt: skip
SHAPE = Shape(hidden_size=8, layers=1, heads=2, max_length=SETTINGS.max_length)


def letters():
    """Tokenizer with a token for each letter."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {"<pad>": PAD, "<eos>": EOS, "a": A, "b": B, "c": C, "d": D}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<eos>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", padding_side="left"
    )


def causal(seed: int = 0):
    """Untrained policy; equal seeds give equal weights."""
    return build_policy("scratch", SHAPE, letters(), seed).eval()


def critic():
    """Critic whose values differ from token to token."""
    return build_reward_model("scratch", SHAPE, letters(), seed=5).eval()


def learner(reward, seed: int = 0, **changes) -> PPO:
    """PPO from `causal()` on a reward, with `SETTINGS` but for the changes."""
    settings = dataclasses.replace(SETTINGS, **changes)
    return PPO(causal(), critic(), causal(), letters(), reward, settings, seed)


def share_of_a(prompts: list[str], responses: list[str]) -> np.ndarray:
    """Reward: share of the letter a, 0 for an empty response."""
    return np.array([np.mean([letter == "a" for letter in r.split()] or [0]) for r in responses])
