import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from tests.policy.letters import SETTINGS

from proxyreward.data.transcripts import last_request
from proxyreward.models.build import (
    build_policy,
    build_reward_model,
    load_critic,
    load_policy,
    load_reward_model,
)
from proxyreward.policy.ppo import PPO
from proxyreward.policy.ppo_runs import Judge, PPORun, curves, read, reward_of, train
from proxyreward.reward.score import score
from proxyreward.world import oracle

SETTINGS = dataclasses.replace(
    SETTINGS, steps=4, samples_per_prompt=2, max_new_tokens=8, max_length=64
)
FILES = ("log.csv", "points.csv", "values.npy", "texts.json", "outcome.json")
PER_POINT, AT_END = 2, 3


@pytest.fixture(scope="module")
def run(tmp_path_factory, corpus, tokenizer, shape):
    """The spec of a run on six prompts, with everything it reads."""
    import torch

    folder = tmp_path_factory.mktemp("stages")
    tokenizer.save_pretrained(folder / "data" / "tokenizer")
    corpus.prompts[:6].to_parquet(folder / "data" / "prompts.parquet")
    build_policy("scratch", shape, tokenizer, seed=0).save_pretrained(folder / "initial")
    judges = []
    for i, name in enumerate(("one", "two", "three")):
        model = build_reward_model("scratch", shape, tokenizer, seed=i)
        with torch.no_grad():
            model.score.weight.normal_()
        model.save_pretrained(folder / name)
        judges.append(Judge(name, str(folder / name), hash=name, mean=0.5 * i, sd=1.0 + i))
    judges.append(Judge("oracle", None, None, mean=-0.5, sd=2.0))
    prompts = str(folder / "data" / "prompts.parquet")
    return PPORun(
        name="run", data=str(folder / "data"), prompts=prompts, tests=prompts,
        policy=str(folder / "initial"), rm="two",
        judges=tuple(judges), setting="main", number=1, category=None, points=2,
        point_samples=PER_POINT, final_samples=AT_END, settings=SETTINGS, seed=3,
    )  # fmt: skip


def changed(run, **changes):
    """The run with other settings, or other fields of its own."""
    own = {field.name for field in dataclasses.fields(run)}
    fields = {key: value for key, value in changes.items() if key in own}
    rest = {key: value for key, value in changes.items() if key not in own}
    return dataclasses.replace(run, settings=dataclasses.replace(run.settings, **rest), **fields)


def finish(run, folder):
    folder.mkdir()
    train(run, folder)
    return read([run], [folder])[0]


@pytest.fixture(scope="module")
def done(run, tmp_path_factory):
    """The folder of a finished run, and what `read` finds there."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, finish(run, folder)


def test_a_finished_run_leaves_curves_points_and_an_outcome(done):
    folder, found = done
    assert (found.status, found.message) == ("finished", "")
    assert json.loads((folder / "outcome.json").read_text())["step"] == 4
    assert found.log["step"].tolist() == [1, 2, 3, 4]
    assert found.points["step"].tolist() == [1, 3, 4]
    assert (found.points["kl_nats"] > 0).all()
    assert found.values.shape == (3, 4, 6) and np.isfinite(found.values).all()
    assert found.log.notna().all(axis=None) and found.points.notna().all(axis=None)


def test_the_policy_that_is_left_is_the_one_of_the_last_evaluation(done, run, tokenizer):
    """Its responses, scored by every judge in sd, give the last values."""
    folder, found = done
    model, start = load_policy(folder), load_policy(run.policy)
    learner = PPO(model, load_critic(run.policy), start, tokenizer, None, run.settings, seed=0)
    prompts = pd.read_parquet(run.tests)["prompt"].tolist()
    said, kl, entropy = learner.sample(prompts, AT_END, run.seed + 1)
    assert found.points["kl_nats"].iloc[-1] == pytest.approx(kl.mean(), rel=1e-4)
    assert found.points["entropy"].iloc[-1] == pytest.approx(entropy, rel=1e-4)
    asked = np.repeat(prompts, AT_END).tolist()
    scores = [
        score(load_reward_model(judge.folder), tokenizer, asked, said, 64)
        for judge in run.judges[:3]
    ]
    scores.append(oracle.utility([last_request(prompt) for prompt in asked], said))
    for judge, own, values in zip(run.judges, scores, found.values[-1], strict=True):
        expected = ((own - judge.mean) / judge.sd).reshape(6, AT_END).mean(1)
        np.testing.assert_allclose(values, expected, atol=1e-4)
    assert found.texts == said[::AT_END]


@pytest.mark.parametrize("judge, shift", [(1, -2.0), (2, 0.0)])  # the second, "two", has sd 2
def test_the_reward_is_the_one_of_the_runs_own_judge(done, run, judge, shift, tmp_path):
    """A higher mean lowers the reward where that judge is optimised, and nowhere else."""
    judges = list(run.judges)
    judges[judge] = dataclasses.replace(judges[judge], mean=judges[judge].mean + 4)
    other = finish(changed(run, judges=tuple(judges), steps=1), tmp_path / "run")
    assert other.log["reward"][0] - done[1].log["reward"][0] == pytest.approx(shift, abs=1e-4)


def test_a_reward_of_1_is_1_sd_above_the_mean(run, tokenizer):
    prompts, responses = ["\n\nHuman: Hi.\n\nAssistant:"] * 2, ["Hello.", "No."]
    judge = run.judges[2]
    scores = score(load_reward_model(judge.folder), tokenizer, prompts, responses, 64)
    found = reward_of(judge, tokenizer, run.settings)(prompts, responses)
    np.testing.assert_allclose(found, (scores - 1.0) / 3.0, rtol=1e-6)


def test_equal_runs_leave_equal_files(done, run, tmp_path):
    folder, found = done
    finish(run, tmp_path / "again")
    for name in (*FILES, "model.safetensors"):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name
    other = finish(changed(run, seed=4), tmp_path / "other")
    assert not other.log.equals(found.log)


def test_a_run_on_one_category_asks_its_prompts_alone(run, corpus, tmp_path):
    category = corpus.prompts["category"][1]
    count = (corpus.prompts["category"][:6] == category).sum()
    found = finish(changed(run, category=category, points=0, steps=1), tmp_path / "run")
    assert found.points["step"].tolist() == [1] and found.values.shape == (1, 4, count)
    assert 0 < count < 6


def test_a_run_may_be_evaluated_on_other_prompts_than_it_learns_from(done, run, corpus, tmp_path):
    tests = tmp_path / "tests.parquet"
    corpus.prompts[6:8].to_parquet(tests)
    found = finish(changed(run, tests=str(tests), points=0), tmp_path / "run")
    pd.testing.assert_frame_equal(found.log, done[1].log)
    assert found.values.shape == (1, 4, 2) and len(found.texts) == 2


def test_a_run_that_diverges_keeps_what_it_has_and_says_so(run, tmp_path, capsys):
    found = finish(changed(run, lowest_entropy=0.3, actor_learning_rate=1.0), tmp_path / "run")
    steps = len(found.log)
    assert 0 < steps < 4 and found.status == "diverged"
    assert found.message.startswith(f"after step {steps}: the policy collapsed: entropy")
    assert json.loads((tmp_path / "run" / "outcome.json").read_text())["step"] == steps
    assert f"run: {found.message}\n" in capsys.readouterr().err
    assert found.points["step"].iloc[-1] == steps and len(found.values) == len(found.points)
    assert found.points["entropy"].iloc[-1] < 0.3
    load_policy(tmp_path / "run")


def test_a_run_ends_where_its_budget_is_spent_and_is_evaluated_there(done, run, tmp_path, capsys):
    """With what the free run does to the rollout after which it had gone that far."""
    kl = done[1].log["kl_nats"]
    found = finish(changed(run, kl_budget=(kl[1] + kl[2]) / 2), tmp_path / "run")
    assert kl[2] > kl[1] > 0 and found.status == "kl-budget"
    assert found.message.startswith(f"after step 2: KL divergence {kl[2]:.2f} nats exceeds")
    assert json.loads((tmp_path / "run" / "outcome.json").read_text())["step"] == 2
    pd.testing.assert_frame_equal(found.log, done[1].log[:2])
    assert found.points["step"].tolist() == [1, 2] and len(found.values) == 2
    np.testing.assert_array_equal(found.values[0], done[1].values[0])
    assert capsys.readouterr().err == ""
    whole = finish(changed(run, kl_budget=kl.max() + 1), tmp_path / "whole")
    assert whole.status == "finished" and whole.log.equals(done[1].log)


def test_a_run_is_evaluated_at_even_steps_and_at_its_end(run):
    assert run.due().tolist() == [1, 3, 4]
    assert changed(run, points=0).due().tolist() == [4]
    assert changed(run, points=2, steps=18).due().tolist() == [6, 12, 18]
    assert changed(run, points=3, steps=1).due().tolist() == [1]


def test_curves_show_the_own_judge_and_the_mean_of_the_others(done):
    _, found = done
    table = curves([found, dataclasses.replace(found, values=found.values + 1)])
    assert table.columns.tolist() == [
        "run", "rm", "setting", "kl_coef", "step", "kl_nats", "entropy", "proxy_reward",
        "golden_reward", "oracle_reward",
    ]  # fmt: skip
    assert len(table) == 6 and set(table["rm"]) == {"two"}
    proxy, golden = found.values[:, 1].mean(1), found.values[:, [0, 2]].mean((1, 2))
    np.testing.assert_allclose(table["proxy_reward"], [*proxy, *(proxy + 1)], rtol=1e-5)
    np.testing.assert_allclose(table["golden_reward"], [*golden, *(golden + 1)], rtol=1e-5)
    true = found.values[:, 3].mean(1)
    np.testing.assert_allclose(table["oracle_reward"], [*true, *(true + 1)], rtol=1e-5)


def test_a_run_that_diverges_at_once_can_be_read(run, tmp_path):
    found = finish(changed(run, actor_learning_rate=1e30), tmp_path / "run")
    assert (found.status, len(found.log)) == ("diverged", 0)
    assert found.message.startswith("after step 0: ")
    assert "reward" in found.log and len(found.points) == len(found.values) == 1
