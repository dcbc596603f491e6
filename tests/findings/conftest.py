"""A family of label-flipped reward models without training: utility plus noise."""

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings import finding1
from proxyreward.findings.registry import load_registry


@pytest.fixture(scope="session")
def registry():
    return load_registry()


@pytest.fixture(scope="session")
def family():
    """`pool`, `bench` and the list of five RMs whose noise grows with the flip rate."""
    rng = np.random.default_rng(0)
    flips = np.array([0.0, 0.1, 0.2, 0.3, 0.4])

    def scores(*shape):
        utility = rng.normal(size=shape)
        return np.stack([utility + 4 * q * rng.normal(size=shape) for q in flips])

    rms = pd.DataFrame({"rm": [f"rm{q:.1f}" for q in flips], "flip_rate": flips, "seed": range(5)})
    return scores(40, 20).astype(np.float32), scores(300, 2).astype(np.float32), rms


@pytest.fixture(scope="session")
def tables(family):
    return finding1.compute(*family, resamples=50, rng=np.random.default_rng(1))
