"""Tables of reward models on several sources."""

import numpy as np
import pandas as pd

from proxyreward.pipeline.mix_tables import controls, labels, margins, rewards

PROMPTS = ["\n\nHuman: Hi!\n\nAssistant:", "\n\nHuman: Why?\n\nAssistant:",
           "\n\nHuman: hi\n\nAssistant: Yes?\n\nHuman: Why?\n\nAssistant:"]  # fmt: skip
TESTS = pd.DataFrame({"pair_id": [4, 2, 9], "source": ["a", "a", "b"], "prompt": PROMPTS})
SCORES = pd.DataFrame(
    {"pair_id": [2, 4, 9], "chosen": [3.0, 1.0, 0.0], "rejected": [1.0, 2.0, 0.5]}
).set_index("pair_id")


def test_margins_stand_in_the_order_of_the_tests_with_the_conversation_of_each_pair():
    found = margins(TESTS, {"rm": SCORES.assign(margin=[2.0, -1.0, -0.5])}, "margin")
    assert found.columns.tolist() == ["pair_id", "group", "source", "rm"]
    assert found["pair_id"].tolist() == [4, 2, 9]
    assert found["rm"].tolist() == [-1.0, 2.0, -0.5] and found["rm"].dtype == np.float32
    # The first and the last pair open with the same request.
    assert found["group"].tolist() == [0, 1, 0]


def test_rewards_have_the_chosen_response_before_the_rejected_one():
    found = rewards(TESTS, {"rm": SCORES})
    assert found.columns.tolist() == ["pair_id", "side", "source", "rm"]
    assert found[["pair_id", "side"]].values.tolist() == [
        [2, 0], [2, 1], [4, 0], [4, 1], [9, 0], [9, 1],
    ]  # fmt: skip
    assert found["rm"].tolist() == [3.0, 1.0, 1.0, 2.0, 0.0, 0.5]


def test_labels_have_their_chances_and_count_as_drawn_where_nobody_knows_them():
    assert labels(TESTS.assign(meta=[{}] * 3), ())["chance"].tolist() == [1.0] * 3
    metas = [{"chance": p, "chance_at": {"0": 1 - p, "0.5": 0.5}} for p in (0.75, 0.25, 1.0)]
    found = labels(TESTS.assign(meta=metas), (0.0, 0.5))
    assert found.columns.tolist() == ["pair_id", "source", "chance", "chance at 0", "chance at 0.5"]
    assert found["chance"].tolist() == [0.75, 0.25, 1.0]
    assert found["chance at 0"].tolist() == [0.25, 0.75, 0.0]


def test_the_control_is_the_factor_of_the_most_confident_base():
    """Margins that are calibrated, twice as large and four times as large, by base and seed."""
    chance = np.linspace(0.05, 0.95, 200)
    logit = np.log(chance / (1 - chance))
    sizes = {"large-0": 1.0, "large-1": 2.0, "small-0": 4.0, "other": 9.0}
    frame = pd.DataFrame({name: size * logit for name, size in sizes.items()})
    schemes = ["multitask"] * 3 + ["more"]
    rms = pd.DataFrame({"rm": sizes.keys(), "scheme": schemes, "base": ["b", "b", "a", "a"]})
    both = controls(rms, frame, pd.DataFrame({"chance": chance}))
    assert both["name"].tolist() == ["inverse temperature of multitask"]
    np.testing.assert_allclose(both["value"], 0.25, rtol=1e-3)
    calmer = controls(rms, frame.assign(**{"small-0": logit}), pd.DataFrame({"chance": chance}))
    np.testing.assert_allclose(calmer["value"], (1 + 1 / 2) / 2, rtol=1e-3)
