"""What the evidence stage makes of earlier outputs: runs, second family, own samples, controls."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from tests.policy.letters import SETTINGS

from proxyreward.data import pairs
from proxyreward.data.pairs import Pair, to_frame
from proxyreward.pipeline import evidence_inputs
from proxyreward.pipeline.evidence_inputs import _optimised
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.reward_families import families
from proxyreward.pipeline.typed import build
from proxyreward.policy.ppo_runs import Finished, Judge, PPORun
from proxyreward.reward.scorings import PAIRS


@pytest.fixture
def params(root, tmp_path, monkeypatch):
    words = ["scale=smoke", "world.pool_prompts=4", "samples.side_per_prompt=2"]
    monkeypatch.chdir(tmp_path)
    return build(Params, compose(words, root / "params"), "params")


@pytest.fixture
def outputs(params, tmp_path):
    """Pairs in which the word "good" wins, and scores of pools; the oracle is one of the judges."""
    folder, rng = tmp_path / "outputs/smoke", np.random.default_rng(0)
    (folder / "data").mkdir(parents=True)
    for name, count in (("pairs", 40), ("bench", 10)):
        made = [Pair(f"\n\nHuman: {i}?\n\nAssistant:", "a good one", f"bad {i}", "world", {})
                for i in range(count)]  # fmt: skip
        pairs.write(to_frame(made), folder / f"data/{name}.parquet")
    found = families(params)
    for name in [*(m.name for m in [*found["main"], *found["apart"]]), "oracle"]:
        (folder / "scores" / name).mkdir(parents=True)
        np.save(folder / "scores" / name / "initial.npy", rng.normal(size=20).astype(np.float32))
    return folder


def test_controls_are_the_clean_model_and_word_counts_of_the_same_pairs(params, outputs):
    bench = pairs.read(outputs / "data/bench.parquet")
    item = outputs / "evaluation" / families(params)["main"][0].name
    item.mkdir(parents=True)
    scores = pd.DataFrame({"pair_id": range(10), "chosen": [1.0] * 7 + [0.0] * 3, "rejected": 0.0})
    scores.to_parquet(item / PAIRS)
    found = evidence_inputs.against_word_counts(params, bench)
    assert found == pytest.approx(
        {"reward model": 0.7, "word counts": 1.0, "reward model minus word counts": -0.3}
    )


def test_both_families_and_the_oracle_judge_one_pool(params, outputs):
    pool, found = evidence_inputs.judged_pool(params), families(params)
    names = [member.name for member in [*found["main"], *found["apart"]]]
    assert pool.names == [*names, "oracle"] and pool.scores.shape == (8, 4, 5)
    raw = np.load(outputs / "scores/oracle/initial.npy")
    np.testing.assert_allclose(pool.scores[-1].ravel(), (raw - raw.mean()) / raw.std(), rtol=1e-5)


def test_own_accuracy_takes_the_first_samples_of_each_prompt(params, outputs):
    pool = evidence_inputs.judged_pool(params)
    found = evidence_inputs.own_accuracy(pool, 2).set_index(["golden", "proxy"])["accuracy"]
    order = np.sign(pool.scores[:, :, 0] - pool.scores[:, :, 1])
    assert len(found) == 64
    assert found["oracle", "flip-0.00"] == (order[-1] == order[0]).mean()


def test_models_apart_judge_the_texts_of_the_runs_on_all_prompts(params, outputs, monkeypatch):
    """Stand-ins score a text by its length."""
    prompts = pd.DataFrame({"prompt": [f"{i}?" for i in range(4)]})
    prompts.to_parquet(outputs / "data/prompts.parquet")
    monkeypatch.setattr(evidence_inputs, "load_tokenizer", lambda folder: None)
    monkeypatch.setattr(evidence_inputs, "distinct_rows", lambda _, asked, said, __: (asked, said))
    monkeypatch.setattr(evidence_inputs, "load_reward_model", lambda folder: folder.name)
    monkeypatch.setattr(
        evidence_inputs, "score_asked", lambda _, asked: np.array([len(text) for text in asked[1]])
    )
    texts = {"a": ["xx"] * 4, "kl-a": ["x", "xx", "xxx", "xxxx"], "math-a": ["xxxxx"]}
    monkeypatch.setattr(evidence_inputs, "_runs", lambda params: [Run(*of) for of in texts.items()])
    found = evidence_inputs._told_apart(params)
    pools = [
        np.load(outputs / "scores" / member.name / "initial.npy").astype(float)
        for member in families(params)["apart"]
    ]
    assert found.keys() == {"a", "kl-a"}
    for name, length in (("a", 2), ("kl-a", 2.5)):
        expected = np.mean([(length - pool.mean()) / pool.std() for pool in pools])
        assert found[name] == pytest.approx(expected)


class Run:
    """A finished PPO run as far as its texts go."""

    def __init__(self, name, texts):
        self.run, self.texts = self, texts
        self.name, self.category = name, "Math" if name.startswith("math") else None


def finished(steps):
    """A run of 16 steps that was to be evaluated after 5, 11 and 16, and was after `steps`."""
    settings = dataclasses.replace(SETTINGS, steps=16, kl_coef=0.1)
    run = PPORun(
        name="main-2-a", data="", prompts="", tests="", policy="", rm="a",
        judges=(Judge("a", None, None, 0.0, 1.0),),
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
