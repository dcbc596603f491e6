"""MORE with equal weights against the ranking loss, on one balanced batch and a small network.

In: the trainer's own weights of pairs and closed head gradients; automatic differentiation through
a body and a linear head. Out: how far both are apart. Called by the stage `more_schemes`.
"""

import numpy as np
import pandas as pd

from proxyreward.reward.more import head_gradients, pair_weights

SOURCES, PAIRS_PER_SOURCE = 5, 16  # the paper's batch
WORDS, TOKENS, WIDTH = 50, 8, 16
STEP = "largest difference of parameters after a step with equal weights and a plain one"
GRADIENT = "largest difference of the gradients of the two losses, all parameters"
HEAD = "largest difference of the closed head gradient from automatic differentiation"


def compare(rng: np.random.Generator) -> pd.DataFrame:
    """Largest deviations between MORE with weights 1/K and the plain loss: quantity, deviation.

    Of the parameters after one step down the trainer's weighted loss (`STEP`); of the gradient of
    all parameters, with eq. 7 written out as the sum over sources of 1/K times the source's mean
    loss (`GRADIENT`); of the mean of the closed head gradients of the sources (`HEAD`).
    """
    import torch
    from torch.nn.functional import logsigmoid

    shapes = ((WORDS, WIDTH), (WIDTH, WIDTH), (WIDTH,))
    start = [rng.normal(size=shape) / np.sqrt(shape[-1]) for shape in shapes]
    rows = torch.from_numpy(rng.integers(WORDS, size=(2, SOURCES * PAIRS_PER_SOURCE, TOKENS)))
    source = torch.arange(SOURCES).repeat(PAIRS_PER_SOURCE)
    equal = torch.full((SOURCES,), 1 / SOURCES, dtype=torch.float64)
    counts = torch.bincount(source).double()

    def fresh():
        return [torch.tensor(values, dtype=torch.float32, requires_grad=True) for values in start]

    def forward(parameters):
        """Differences of the hidden states and of the rewards of the pairs."""
        words, body, head = parameters
        chosen, rejected = torch.tanh(words[rows].mean(dim=2) @ body)
        return chosen - rejected, (chosen - rejected) @ head

    def gradient(loss):
        parameters = fresh()
        return torch.autograd.grad(loss(-logsigmoid(forward(parameters)[1])), parameters)

    def stepped(loss):
        # Any optimizer turns equal gradients into equal steps, so the simplest one will do.
        return [value - 0.1 * slope for value, slope in zip(fresh(), gradient(loss))]

    def by_source(losses):
        return sum(losses[source == i].mean() / SOURCES for i in range(SOURCES))

    weights = pair_weights(equal, counts, source).float()
    closed, _ = head_gradients(*forward(fresh()), source, SOURCES)
    plain = gradient(torch.mean)
    compared = {
        STEP: zip(stepped(lambda losses: (weights * losses).mean()), stepped(torch.mean)),
        GRADIENT: zip(gradient(by_source), plain),
        HEAD: [(equal @ closed, plain[-1])],
    }
    found = [
        (name, max((one - other).abs().max().item() for one, other in both))
        for name, both in compared.items()
    ]
    return pd.DataFrame(found, columns=["quantity", "deviation"])
