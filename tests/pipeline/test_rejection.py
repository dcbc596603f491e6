"""What the tables on aligned policies are made of."""

import numpy as np
import pandas as pd
import pytest

from proxyreward.pipeline import rejection_family
from proxyreward.pipeline import rejection_tables as tables
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.typed import build
from proxyreward.world import oracle, sources
from proxyreward.world.build import as_transcript

ASKED = "What does the cow eat?"
SAID = ["The cow eats grass.", "I cannot help with that.", ""]


@pytest.fixture
def responses():
    source = ["helpful", "harmless", "helpful"]
    prompts = [as_transcript(ASKED)] * 3
    return pd.DataFrame(
        {
            "prompt_id": range(3),
            "sample_id": 0,
            "source": source,
            "prompt": prompts,
            "response": SAID,
        }
    )


def test_a_response_is_worth_what_its_own_source_thinks(responses):
    found = tables.worth(responses)
    for i, name in enumerate(responses["source"]):
        assert found["utility"][i] == sources.utility(name, [ASKED], [SAID[i]])[0]
    np.testing.assert_array_equal(found["oracle"], oracle.utility([ASKED] * 3, SAID))


def test_rows_may_stand_in_any_order(responses):
    turned = responses.iloc[::-1].reset_index(drop=True)
    np.testing.assert_array_equal(tables.worth(turned), tables.worth(responses)[::-1])


def test_each_source_has_its_own_judge(responses, tmp_path):
    judged, plain = tmp_path / "judged", tmp_path / "plain"
    for folder in (judged, plain):
        folder.mkdir()
        responses.to_parquet(folder / "responses.parquet")
    np.save(judged / "kind.npy", np.array([1, 2, 3], dtype=np.float32))
    np.save(judged / "strict.npy", np.array([10, 20, 30], dtype=np.float32))
    judges = {"helpful": "kind", "harmless": "strict"}
    found = tables.said(["a", "b"], [judged, plain], judges)
    assert found["policy"].tolist() == ["a"] * 3 + ["b"] * 3
    assert found["judge"].tolist()[:3] == [1, 20, 3] and found["judge"][3:].isna().all()


def test_rewards_stand_beside_what_they_are_of(responses, tmp_path):
    for i, name in enumerate(("a", "b")):
        (tmp_path / name).mkdir()
        responses[:: 1 - 2 * i].to_parquet(tmp_path / name / "responses.parquet")
        np.save(tmp_path / name / "kind.npy", np.array([1, 2, 3], dtype=np.float32) + i)
        np.save(tmp_path / name / "strict.npy", np.zeros(3, dtype=np.float32))
    found = tables.rewards(["a", "b"], [tmp_path / "a", tmp_path / "b"], ["kind"])
    assert found.columns.tolist() == ["policy", "prompt_id", "sample_id", "kind"]
    assert found["prompt_id"].tolist() == [0, 1, 2, 2, 1, 0]
    assert found["kind"].tolist() == [1, 2, 3, 2, 3, 4]


def test_controls_are_shares_of_wins_with_ties_as_half():
    """Each policy is compared with the start on the same responses, by its own reward model."""
    schemes = {"start": "start", "oracle": "oracle", "m0": "multitask", "m1": "multitask"}
    schemes["o0"] = "more"
    worth = {"start": [0, 0, 0], "oracle": [1, 1, 0], "m0": [1, 0, -1], "m1": [0, 0, -1]}
    worth["o0"] = [-1, -1, -1]
    own = {"m0": [5, 5, 5], "m1": [5, 2, 3], "o0": [0, 2, 3]}
    policies = pd.DataFrame({"policy": schemes.keys(), "scheme": schemes.values()})
    said = [pd.DataFrame({"policy": name, "oracle": values}) for name, values in worth.items()]
    rewards = [
        pd.DataFrame({"policy": name} | {rm: own[rm] if rm == name else [1, 2, 3] for rm in own})
        for name in schemes
    ]
    found = tables.controls(policies, pd.concat(said), pd.concat(rewards))
    assert dict(zip(found["name"], found["value"])) == pytest.approx(
        {
            "oracle by oracle": 2.5 / 3,
            "multitask by oracle": (1.5 / 3 + 1 / 3) / 2,
            "multitask by own": (1 + 2 / 3) / 2,
            "more by oracle": 0,
            "more by own": 1 / 3,
        }
    )


def test_policies_are_aligned_to_the_oracle_and_to_two_schemes_of_the_largest_base(
    root, monkeypatch
):
    monkeypatch.setattr(rejection_family, "content_hash", lambda path: "")
    params = build(Params, compose(["scale=smoke", "mixes.seeds=2"], root / "params"), "params")
    items, rows = zip(*rejection_family.policies(params))
    listed = pd.DataFrame(rows)
    assert listed["scheme"].value_counts().to_dict() == {
        "start": 1, "oracle": 1, "multitask": 2, "more": 2,
    }  # fmt: skip
    assert set(listed["base"]) == {"", params.mixes.bases[-1]}
    asked = {item.name: item.rm for item in items}
    assert asked.pop("start") is None and asked.pop("oracle") == "oracle"
    for name, rm in asked.items():
        assert rm == f"outputs/smoke/mixes/{name}"
        assert all(rm in item.judges for item in items)
    assert len({(item.seed, item.judges, item.candidates) for item in items}) == 1


def test_the_best_candidate_of_each_prompt(tmp_path):
    for name, scores in (("a", [1, 3, 2, 0, 5, 4]), ("b", [0, 0, 1, 9, 8, 7])):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "candidates.npy", np.array(scores, dtype=np.float32))
    found = tables.best(["a", "b"], [tmp_path / "a", tmp_path / "b"], samples=3)
    assert found.to_dict("list") == {"a": [1, 1], "b": [2, 0]}
