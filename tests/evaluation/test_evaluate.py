"""From files to an evaluation, and what it raises an alarm about."""

import numpy as np
import pandas as pd
import pytest

import proxyreward
from proxyreward.evaluation import evaluate as evaluation
from proxyreward.evaluation import report
from proxyreward.evaluation.report.tree import dump

PROMPTS, RESPONSES = 400, 12


def table(rng=0, **models) -> pd.DataFrame:
    """A wide table: the truth is normal, and each model a function of it and of noise."""
    rng = np.random.default_rng(rng)
    truth, noise = rng.normal(size=(2, PROMPTS, RESPONSES))
    found = pd.DataFrame(
        {
            "prompt_id": np.repeat([f"p{i}" for i in range(PROMPTS)], RESPONSES),
            "response_id": np.tile([f"r{i}" for i in range(RESPONSES)], PROMPTS),
            "truth": truth.ravel(),
        }
    )
    return found.assign(**{name: of(truth, noise).ravel() for name, of in models.items()})


def good(truth, noise):
    return truth + 0.5 * noise


def noise(truth, noise):
    return noise


def turned(truth, noise):
    return -truth + 0.1 * noise


def hacked(truth, noise):
    """Right about most, and fondest of a few that are worst."""
    return np.where(truth < -1.9, 9 + noise, truth)


@pytest.fixture
def evaluated(tmp_path):
    def evaluated(frame, **options):
        frame.to_csv(tmp_path / "scores.csv", index=False)
        return proxyreward.evaluate(tmp_path / "scores.csv", **options)

    return evaluated


def models(found):
    [golden] = found.goldens
    return {model.name: model for model in golden.models}


def test_what_is_good_is_safest_and_nothing_is_alarming(evaluated):
    found = evaluated(table(good=good, better=lambda t, e: t + 0.1 * e), golden="truth")
    assert found.alarms == () and found.symptoms == ()
    own = models(found)
    assert (own["better"].tier, own["good"].tier) == (1, 2) and "truth" not in own
    assert {name for name, model in own.items() if model.null} == {
        "null:constant", "null:random", "null:first"
    }  # fmt: skip
    assert all(own[name].tier is None for name in own if own[name].null)


@pytest.mark.parametrize(
    ("of", "told"),
    [
        (noise, "no more of the possible gain by truth than null:"),
        (turned, "the best of n is worse than an average response by truth"),
        (hacked, "golden rewards by truth fall again beyond best of "),
    ],
)
def test_regret_is_an_alarm(evaluated, of, told):
    found = evaluated(table(suspect=of, good=good), golden="truth")
    alarms = [alarm for alarm in found.alarms if "different regret" not in alarm]
    assert len(alarms) == 1 and alarms[0].startswith("suspect: ") and told in alarms[0]


def test_a_file_that_lists_the_best_first_is_told_once(evaluated):
    frame = table(good=good, other=good).sort_values(
        ["prompt_id", "truth"], ascending=[True, False]
    )
    found = evaluated(frame, golden="truth")
    assert sum("come first are better" in alarm for alarm in found.alarms) == 1
    assert all(not model.beaten_by.get("ndr") for model in models(found).values())


def test_without_a_golden_model_each_is_one_and_regret_alarms_nobody(evaluated):
    found = evaluated(table(good=good, suspect=turned))
    assert [golden.name for golden in found.goldens] == ["truth", "good", "suspect"]
    assert found.alarms == ()
    for golden in found.goldens:
        assert len(golden.models) == 2 + 3 and len(golden.differences) == 1


def test_golden_scores_that_order_nothing_rank_nothing(evaluated):
    found = evaluated(table(good=good).assign(truth=1.0), golden="truth")
    assert any("order nothing" in alarm for alarm in found.alarms)
    assert all(model.tier is None for model in models(found).values())
    assert found.goldens[0].differences == ()


def test_equal_accuracy_and_different_regret_are_an_alarm(evaluated):
    """One errs among the worst, which best-of-n never picks, the other among the best."""
    frame = table(
        high=lambda t, e: np.where(t > 0.5, 2 + e, t), low=lambda t, e: np.where(t < -0.5, e - 2, t)
    )
    [told] = [one for one in evaluated(frame, golden="truth").alarms if "different regret" in one]
    assert told == "low and high: equal accuracy by truth, different regret"


def test_golden_scores_may_lie_in_a_file_of_their_own(evaluated, tmp_path):
    frame = table(good=good, other=noise)
    inside = evaluated(frame, golden="truth")
    keys = ["prompt_id", "response_id"]
    frame[[*keys, "truth"]].rename(columns={"truth": "score"}).to_csv(
        tmp_path / "truth.csv", index=False
    )
    apart = evaluated(frame.drop(columns="truth"), golden_file=tmp_path / "truth.csv")
    for name in ("good", "other"):
        assert models(apart)[name].metrics == models(inside)[name].metrics
        assert models(apart)[name].regret == models(inside)[name].regret


def test_the_same_seed_gives_the_same_bytes(evaluated):
    frame = table(good=good, other=noise)
    one, two, other = (dump(evaluated(frame, golden="truth", seed=seed)) for seed in (0, 0, 1))
    assert one == two != other


def test_the_package_offers_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'evaluated'"):
        _ = proxyreward.evaluated


def test_several_processes_find_what_one_finds(evaluated, monkeypatch):
    frame = table(good=good, other=noise)
    alone = dump(evaluated(frame))
    monkeypatch.setattr(evaluation, "LARGE", 0)
    assert dump(evaluated(frame)) == alone


def test_golden_models_in_small_parts_find_what_all_at_once_find(evaluated, monkeypatch):
    frame = table(good=good, other=noise)
    whole = dump(evaluated(frame))
    monkeypatch.setattr(evaluation, "PLANES", 1)
    assert dump(evaluated(frame)) == whole


def test_a_cluster_that_outweighs_the_others_is_noted(tmp_path):
    given = table(model=good)
    first = given["prompt_id"].map(lambda prompt: int(prompt[1:]) < 390)
    clusters = np.where(first, "most", given["prompt_id"])
    path = tmp_path / "scores.csv"
    given.assign(cluster=clusters).to_csv(path, index=False)
    found = proxyreward.evaluate(path, golden="truth")
    (note,) = [note for note in found.input.notes if note.kind == "one-cluster"]
    assert note.count == 390
    report.write(found, tmp_path / "out")
    assert (
        "one cluster of prompts outweighs the others" in (tmp_path / "out/report.html").read_text()
    )
