"""A tokenizer of the world's text and the smallest models."""

import numpy as np
import pytest

from proxyreward.models.build import Shape
from proxyreward.models.tokenizer import train_tokenizer
from proxyreward.world.build import build


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def bf16(monkeypatch):
    """The precision bf16-mixed, here on the CPU."""
    from accelerate.state import AcceleratorState

    for module in ("models.training", "policy.ppo"):
        monkeypatch.setattr(f"proxyreward.{module}.check_precision", lambda precision: None)
    yield "bf16-mixed"
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="session")
def corpus():
    return build(training_prompts=200, pairs=100, bench_prompts=20, pool_prompts=20, seed=0)


@pytest.fixture(scope="session")
def texts(corpus):
    both = zip(corpus.demonstrations["prompt"], corpus.demonstrations["response"])
    return [f"{prompt} {response}" for prompt, response in both]


@pytest.fixture(scope="session")
def tokenizer(texts):
    return train_tokenizer(texts, vocab_size=400)


@pytest.fixture(scope="session")
def shape():
    return Shape(hidden_size=16, layers=2, heads=2, max_length=64)


@pytest.fixture(scope="session")
def reward_model(shape, tokenizer):
    """An untrained reward model with a head large enough for scores to differ."""
    import torch

    from proxyreward.models.build import build_reward_model

    model = build_reward_model("scratch", shape, tokenizer, seed=1).eval()
    with torch.no_grad():
        model.score.weight.copy_(torch.tensor(np.random.default_rng(0).normal(size=(1, 16))))
    return model
