"""Responses of all writers to prompts of all categories."""

import numpy as np
import pytest

from proxyreward.findings.world_card import write_responses


@pytest.fixture(scope="session")
def written():
    """Two frames of responses to the same 2,000 prompts."""
    return write_responses(2000, np.random.default_rng(7))
