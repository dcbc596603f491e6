"""Checks of the experiment itself: PPO in its main setting, with the oracle as reward.

Optimised on the truth a policy must rise, on its opposite fall, and on noise not rise; held by an
endless penalty it must stay where it began.
"""

import contextlib
import dataclasses
import zlib

import numpy as np
import pytest
from tests.policy.letters import SETTINGS as LETTERS

from proxyreward.data.transcripts import last_request
from proxyreward.metrics.best_of_n import best_of_n
from proxyreward.models.build import Shape, load_critic, load_policy
from proxyreward.models.tokenizer import make_tokenizer
from proxyreward.pipeline.params import compose
from proxyreward.policy.ppo import PPO, BudgetSpent
from proxyreward.policy.sampling import sample
from proxyreward.policy.sft import PolicySettings, train_policy
from proxyreward.world import build, oracle

MAX_LENGTH, NEW_TOKENS, SAMPLES = 72, 40, 16


def truth(prompts, responses):
    return oracle.utility([last_request(prompt) for prompt in prompts], responses)


def noise(prompts, responses):
    """A number for each text that has nothing to do with it."""
    texts = (f"{prompt}{response}".encode() for prompt, response in zip(prompts, responses))
    return np.array([zlib.crc32(text) / 2**31 - 1 for text in texts])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Folder of a policy that has learnt from the world's writers, its tokenizer, and prompts."""
    corpus = build.build(6000, 10, 40, 40, seed=0)
    texts = corpus.demonstrations["prompt"] + " " + corpus.demonstrations["response"]
    tokenizer = make_tokenizer("scratch", texts.tolist(), 1024)
    folder = tmp_path_factory.mktemp("world") / "policy"
    train_policy(
        corpus.demonstrations, tokenizer, "scratch", Shape(64, 2, 4, MAX_LENGTH),
        PolicySettings(epochs=2, learning_rate=5e-3, batch_size=64), seed=0, directory=folder,
    )  # fmt: skip
    return folder, tokenizer, corpus.prompts["prompt"].tolist()


@pytest.fixture(scope="module")
def main(root):
    """The settings of the main runs."""
    params = compose(["scale=tiny"], root / "params")["ppo"]
    own = {key: params[key] for key in vars(LETTERS) if key in params}
    return dataclasses.replace(LETTERS, **own, max_new_tokens=NEW_TOKENS, max_length=MAX_LENGTH)


@pytest.fixture(scope="module")
def start(world):
    """Oracle utilities of the policy's responses, shape (prompts, samples)."""
    folder, tokenizer, prompts = world
    said, _ = sample(
        load_policy(folder), tokenizer, prompts, SAMPLES, 1.0, NEW_TOKENS, MAX_LENGTH, seed=1
    )
    return np.stack([truth([prompt] * SAMPLES, row) for prompt, row in zip(prompts, said)])


def optimised(world, settings, reward):
    """Mean oracle utility of the policy that PPO leaves, and its KL divergence in nats."""
    folder, tokenizer, prompts = world
    learner = PPO(
        load_policy(folder), load_critic(folder), load_policy(folder), tokenizer, reward, settings,
        seed=0,
    )  # fmt: skip
    with contextlib.suppress(BudgetSpent):
        list(learner.run(prompts))
    said, kl, _ = learner.sample(prompts, SAMPLES, seed=1)
    asked = [prompt for prompt in prompts for _ in range(SAMPLES)]
    return truth(asked, said).mean(), kl.mean()


def test_ppo_on_the_truth_rises_on_its_opposite_falls_and_on_noise_does_not_rise(
    world, main, start
):
    error = start.std() / np.sqrt(start.size)
    rises, _ = optimised(world, main, truth)
    falls, _ = optimised(world, main, lambda *asked: -truth(*asked))
    aimless, _ = optimised(world, main, noise)
    assert rises > start.mean() + 5 * error
    assert falls < start.mean() - 5 * error
    assert aimless < start.mean() + 2 * error


def test_an_endless_penalty_holds_the_policy_where_it_began(world, main, start):
    """What is left of a KL divergence comes from noise: the penalty is an estimate from samples."""
    _, free = optimised(world, main, truth)
    worth, held = optimised(world, dataclasses.replace(main, kl_coef=1000.0), truth)
    assert held < free / 3
    assert worth == pytest.approx(start.mean(), abs=4 * start.std() / np.sqrt(start.size))


def test_best_of_n_by_the_truth_is_the_ceiling_and_by_noise_is_flat(start):
    rng = np.random.default_rng(0)

    def gain(proxy):
        return best_of_n(start, proxy, [SAMPLES]).mean() - start.mean()

    # Shuffled responses of a prompt stand for a reward model without sense.
    senseless = np.mean([gain(rng.permuted(start, axis=1)) for _ in range(40)])
    assert gain(start) == pytest.approx((start.max(axis=1) - start.mean(axis=1)).mean())
    assert gain(-start) == pytest.approx((start.min(axis=1) - start.mean(axis=1)).mean())
    assert abs(senseless) < gain(start) / 10
