"""What each of two processes does in `test_ppo.py`; it leaves its weights and numbers in a folder.

``python -m torch.distributed.run --nproc_per_node 2 -m tests.policy.two_processes FOLDER``
"""

import sys

import numpy as np
import torch
from tests.policy.letters import PROMPTS, SETTINGS, causal, learner, letters, share_of_a

from proxyreward.policy import ppo


def rollout() -> ppo.Rollout:
    """Sixteen responses, the same ones in every process."""
    draws = torch.Generator().manual_seed(7)
    return ppo.roll_out(causal(), letters(), PROMPTS, 2, SETTINGS, draws)


def weights(learner: ppo.PPO) -> np.ndarray:
    """All weights of policy and critic, in one row."""
    parameters = [*learner.policy.parameters(), *learner.critic.parameters()]
    return torch.nn.utils.parameters_to_vector(parameters).detach().numpy()


def step_on(rows: slice) -> tuple[dict[str, float], np.ndarray]:
    """One step on some of the responses of `rollout`, in one piece: curves and new weights."""
    said = rollout().part(torch.arange(len(PROMPTS) * 2)[rows])
    taken, ppo.roll_out = ppo.roll_out, lambda *ignored: said
    try:
        one = learner(share_of_a, steps=1, minibatches=1, kl_coef=0.1)
        (row,) = one.run(PROMPTS)
    finally:
        ppo.roll_out = taken
    return row, weights(one)


def advantages() -> tuple[torch.Tensor, torch.Tensor]:
    """Made-up advantages and their mask, shape (4, 3)."""
    mask = torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 1, 1]]).bool()
    return torch.arange(12.0).view(4, 3) ** 2 * mask, mask


def main(folder: str) -> None:
    """Leave ``<rank>.npz``."""
    torch.set_num_threads(1)
    own = learner(share_of_a, steps=2)
    rank, processes = own.accelerator.process_index, own.accelerator.num_processes
    said = own._observe(PROMPTS, 4, own.draws).responses
    rows = list(own.run(PROMPTS))
    half, stepped = step_on(slice(rank, None, processes))
    mine = slice(rank * 2, rank * 2 + 2)
    values, mask = advantages()
    np.savez(
        f"{folder}/{rank}.npz",
        processes=processes,
        weights=weights(own),
        rewards=[row["reward"] for row in rows],
        said=said,
        half=list(half.values()),
        stepped=stepped,
        whitened=ppo.whiten(values[mine], mask[mine], own.accelerator),
    )


if __name__ == "__main__":
    main(sys.argv[1])
