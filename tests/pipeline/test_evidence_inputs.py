"""From finished runs to what the tables of evidence are made of."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from tests.policy.letters import SETTINGS

from proxyreward.pipeline.evidence_inputs import _optimised
from proxyreward.policy.ppo_runs import Finished, Judge, PPORun


def finished(steps):
    """A run of 16 steps that was to be evaluated after 5, 11 and 16, and was after `steps`."""
    settings = dataclasses.replace(SETTINGS, steps=16, kl_coef=0.1)
    run = PPORun(
        name="main-2-a", data="", policy="", rm="a", judges=(Judge("a", None, None, 0.0, 1.0),),
        setting="main", number=2, category=None, points=2, point_samples=1, final_samples=1,
        settings=settings, seed=0,
    )  # fmt: skip
    points = pd.DataFrame({"step": steps, "kl_nats": np.add(steps, 0.5), "entropy": steps})
    values = np.array(steps, dtype=np.float32)[:, None, None] * np.ones((1, 1, 3))
    return Finished(run, pd.DataFrame(), points, values, [], "kl-budget", "spent")


@pytest.mark.parametrize(
    ("evaluated", "shown"),
    [
        ([5, 11, 16], [5, 11, 16]),
        ([5, 7], [5, 7, 7]),
        ([5, 11, 11], [5, 11, 11]),
        ([0], [0, 0, 0]),
    ],
)
def test_a_run_that_has_ended_stays_as_it_is(evaluated, shown):
    found = _optimised(finished(evaluated))
    assert found.steps.tolist() == [5, 11, 16] and found.end == evaluated[-1]
    assert found.values[:, 0, 0].tolist() == shown
    assert found.kl_nats.tolist() == [step + 0.5 for step in shown]
    assert (found.entropy, found.setting, found.number) == (evaluated[-1], "main", 2)
