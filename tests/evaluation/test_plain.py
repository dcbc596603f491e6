"""The plain script that `benchmarks/evaluate.py` times finds what the command finds."""

import numpy as np
import pandas as pd
import pytest
from benchmarks import package_evaluation, plain_evaluation

import proxyreward

MODELS, PROMPTS, RESPONSES = ("golden", "near", "far"), 6, 70


@pytest.fixture
def scores(tmp_path):
    """A file of scores without ties, on which the plain script is right."""
    rng = np.random.default_rng(0)
    golden = rng.normal(size=(PROMPTS, RESPONSES))
    values = [golden + sd * rng.normal(size=golden.shape) for sd in (0, 0.5, 3)]
    index = pd.MultiIndex.from_product(
        [MODELS, range(PROMPTS), range(RESPONSES)], names=["model", "prompt_id", "response_id"]
    )
    pd.Series(np.ravel(values), index, name="score").to_csv(tmp_path / "scores.csv")
    return tmp_path / "scores.csv"


def test_both_find_the_same_of_every_pair(scores):
    plain = plain_evaluation.evaluate(scores).set_index(["golden", "model"])
    goldens = {golden.name: golden.models for golden in proxyreward.evaluate(scores).goldens}
    assert len(plain) == 6 and set(goldens) == set(MODELS)
    for (golden, name), row in plain.iterrows():
        (found,) = (model for model in goldens[golden] if model.name == name)
        expected = {part: found.metrics[part].estimate for part in ("accuracy", "spearman")}
        reached, best = (
            np.array([point.estimate for point in line])
            for line in (found.curve.golden, found.curve.best)
        )
        ndr = (reached - best[0]) / (best - best[0] + (best == best[0]))
        expected |= {f"ndr {n}": ndr[n - 1] for n in plain_evaluation.NS}
        assert row.to_dict() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("goldens", [[], ["far", "golden"]])
def test_functions_of_the_package_find_the_same(scores, goldens):
    key = ["golden", "model"]
    plain, package = (
        script.evaluate(scores, goldens).set_index(key).sort_index()
        for script in (plain_evaluation, package_evaluation)
    )
    pd.testing.assert_frame_equal(package, plain, rtol=0, atol=1e-9, check_names=False)


def test_of_one_golden_model_only_its_pairs_are_computed(scores):
    found = plain_evaluation.evaluate(scores, ["far"])
    assert found[["golden", "model"]].to_numpy().tolist() == [["far", "golden"], ["far", "near"]]
