"""MORE with equal weights is the ranking loss: on a small network, and in the trainer itself."""

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.more.more_schemes import identities
from proxyreward.models.build import Shape, build_reward_model, load_reward_model
from proxyreward.models.tokenizer import train_tokenizer
from proxyreward.reward import more
from proxyreward.reward.train import token_pairs


def deviations(seed=0):
    return identities.compare(np.random.default_rng(seed)).set_index("quantity")["deviation"]


def test_equal_weights_change_nothing():
    found = deviations()
    assert found[identities.STEP] == 0
    assert found[identities.GRADIENT] < 1e-7 and 0 < found[identities.HEAD] < 1e-7
    pd.testing.assert_series_equal(deviations(4), deviations(4))


def test_what_is_off_by_a_little_is_seen(monkeypatch):
    weights, gradients = more.pair_weights, more.head_gradients
    monkeypatch.setattr(identities, "pair_weights", lambda *args: 1.001 * weights(*args))
    monkeypatch.setattr(
        identities, "head_gradients", lambda *args: (1.01 * gradients(*args)[0], None)
    )
    assert deviations()[identities.STEP] > 1e-7 and deviations()[identities.HEAD] > 1e-5


@pytest.fixture(scope="module")
def pairs():
    """Tokeniser, pairs of three sources, and which is which."""
    words = np.random.default_rng(0).choice(list("abcdefgh"), size=(2, 24, 4))
    first, second = ([" " + " ".join(row) for row in side] for side in words)
    frame = pd.DataFrame(
        {"prompt": "\n\nHuman: hi\n\nAssistant:", "chosen": first, "rejected": second}
    )
    tokenizer = train_tokenizer(first + second, 300)
    tokens = token_pairs(frame, np.zeros(24, bool), tokenizer, 24)
    return tokenizer, tokens, np.arange(24) % 3


def test_training_with_equal_weights_is_plain_training(pairs, tmp_path, monkeypatch):
    monkeypatch.setattr(more, "source_weights", lambda gradients, counts: np.full(3, 1 / 3))
    tokenizer, tokens, source = pairs
    common = {"order": "balanced", "resampled": 8, "pairs_per_source": 4}
    trained = {}
    for weighting in ("plain", "min-norm"):
        settings = more.MixSettings(
            weighting=weighting, learning_rate=0.01, warmup_ratio=0.0, **common
        )
        folder = tmp_path / weighting
        model = build_reward_model("scratch", Shape(8, 1, 1, 24), tokenizer, 0)
        more.train_mixed(model, tokens, source, "abc", settings, 0, folder)
        trained[weighting] = load_reward_model(folder).state_dict()
    for name, value in trained["plain"].items():
        assert (value == trained["min-norm"][name]).all(), name
    steps = pd.read_csv(tmp_path / "min-norm" / more.STEPS)
    np.testing.assert_array_equal(steps["loss"], steps["plain_loss"])
    np.testing.assert_array_equal(steps["combined"], steps["equal"])
