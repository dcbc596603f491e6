"""What a set of pairs teaches a reward model: the gradient of the ranking loss on it.

A model and pairs in tokens come in, the length of the gradient goes out.
"""

from __future__ import annotations

from proxyreward.reward.train import TokenPairs, pair_rewards, ranking_loss


def gradient_norm(model, pairs: TokenPairs) -> float:
    r"""Euclidean length of the gradient of the mean ranking loss, without its penalty.

    .. math:: \nabla \frac1n \sum -\log\sigma(r_w - r_l)
              = -\frac1n \sum \sigma(r_l - r_w) \, (\nabla r_w - \nabla r_l)

    over all weights. It is 0 on pairs that hold one response twice, whatever their label.
    """
    import torch

    model.zero_grad()
    ranking_loss(pair_rewards(model, pairs)[0], l2=0.0).backward()
    squares = [w.grad.pow(2).sum() for w in model.parameters() if w.grad is not None]
    model.zero_grad()
    return float(torch.stack(squares).sum().sqrt())
