"""Gradients of the ranking loss: none on repeated responses, and the chain rule on others."""

import numpy as np
import pytest

from proxyreward.reward.gradients import gradient_norm
from proxyreward.reward.train import TokenPairs, pair_rewards, ranking_loss, token_pairs


@pytest.fixture
def tokens(corpus, tokenizer):
    frame = corpus.pairs.head(12)
    return token_pairs(frame, np.zeros(len(frame), bool), tokenizer, 64)


def test_one_response_twice_has_no_gradient_whatever_the_model(reward_model, tokens):
    twice = TokenPairs(tokens.chosen, tokens.chosen, tokens.pad_id)
    assert gradient_norm(reward_model, twice) < 1e-6 * gradient_norm(reward_model, tokens)


def test_a_small_step_down_the_gradient_lowers_the_loss_by_its_squared_length(reward_model, tokens):
    import torch

    length, step = gradient_norm(reward_model, tokens), 1e-4
    weights = [w for w in reward_model.parameters() if w.requires_grad]
    before = ranking_loss(pair_rewards(reward_model, tokens)[0], 0.0)
    found = torch.autograd.grad(before, weights)
    saved = [w.detach().clone() for w in weights]
    with torch.no_grad():
        for weight, slope in zip(weights, found, strict=True):
            weight -= step * slope
        after = ranking_loss(pair_rewards(reward_model, tokens)[0], 0.0)
        for weight, old in zip(weights, saved, strict=True):
            weight.copy_(old)
    assert (before - after).item() == pytest.approx(step * length**2, rel=0.05)
