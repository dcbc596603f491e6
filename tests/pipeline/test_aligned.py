"""The policies of paper *elephant*: a run of each kind at the smallest size, and their tables."""

import dataclasses
import os

import numpy as np
import pandas as pd
import pytest
from tests.policy.letters import SETTINGS

from proxyreward.data import pairs
from proxyreward.data.transcripts import last_request
from proxyreward.models.build import Shape, build_policy, build_reward_model, load_reward_model
from proxyreward.models.tokenizer import load_tokenizer, train_tokenizer
from proxyreward.pipeline import aligned_family as family
from proxyreward.pipeline import aligned_tables as tables
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.stages import aligned as stage
from proxyreward.pipeline.stages import cleaning
from proxyreward.pipeline.typed import build
from proxyreward.policy.ppo_runs import Finished, Judge, PPORun
from proxyreward.reward.score import score
from proxyreward.vocabulary import EQUAL_SIZE, EVALUATOR, LADDER, ORACLE
from proxyreward.world import oracle
from proxyreward.world.prompts import find

RMS = [f"rm:{name}" for name in LADDER]
TABLES = {
    "implicit.parquet", "judged.parquet", "policies.csv", "ppo_curves.csv", "ppo_log.csv",
    "reworded.parquet", "said.parquet", "steps.csv",
}  # fmt: skip


def smallest(root):
    words = ["scale=smoke", "model.hidden_size=16", "model.layers=1", "model.heads=2",
             "cleaning.records=160", "cleaning.test_records=24", "aligned.prompts=5",
             "aligned.samples=2", "aligned.dpo_batch_size=16", "aligned.pro_rankings=32",
             "ppo.steps=2"]  # fmt: skip
    params = build(Params, compose(words, root / "params"), "params")
    alone = dataclasses.replace(params.runner, backend="sequential", workers=None)
    return dataclasses.replace(params, runner=alone)


@pytest.fixture(scope="module")
def params(root):
    return smallest(root)


def write_models(params, texts):
    """What the stages before leave: untrained policies, and reward models that differ."""
    import torch

    folder = family.outputs(params, "data")
    tokenizer = train_tokenizer(texts, vocab_size=400)
    tokenizer.save_pretrained(folder / "tokenizer")
    model = params.model
    shape = Shape(model.hidden_size, model.layers, model.heads, model.max_length)
    for i, name in enumerate(family.SETS):
        policy = build_policy("scratch", shape, tokenizer, seed=i)
        policy.save_pretrained(family.outputs(params, "policy") / name)
    for i, name in enumerate(LADDER):
        rm = build_reward_model("scratch", shape, tokenizer, seed=i)
        with torch.no_grad():
            rm.score.weight.normal_()
        rm.save_pretrained(family.outputs(params, "proxies") / name)


@pytest.fixture(scope="module")
def done(params, tmp_path_factory):
    """A folder in which the stage has run, and the tables that it left, by name."""
    import torch

    torch.set_num_threads(1)
    before, folder = os.getcwd(), tmp_path_factory.mktemp("aligned")
    os.chdir(folder)
    try:
        data = family.outputs(params, "data")
        data.mkdir(parents=True)
        pd.DataFrame({"prompt": []}, dtype=object).to_parquet(data / "bench.parquet")
        cleaning.run(params)
        records = pairs.read(family.outputs(params, "cleaning") / "original.parquet")
        write_models(params, [*records["prompt"], *records["chosen"], *records["rejected"]])
        stage.run(params)
        yield folder, read(folder / "results/smoke/aligned")
    finally:
        os.chdir(before)


def read(folder):
    readers = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    return {path.name: readers[path.suffix](path) for path in folder.iterdir()}


def test_every_policy_of_the_paper_is_there(done):
    _, found = done
    assert set(found) == TABLES
    policies = found["policies.csv"].set_index("policy")
    kinds = policies["method"].value_counts().to_dict()
    assert kinds == {"dpo": 10, "ppo": 4 * (1 + 1), "pro": 4, "start": 2}
    assert policies.index.is_unique
    assert policies.loc["dpo-second-fewer", ["base", "data"]].tolist() == ["second", "fewer"]
    assert policies.loc["pro-evaluator-full", "rm"] == "evaluator"
    assert {f"ppo-{rm}-{kind}" for rm in EQUAL_SIZE for kind in ("1", "free")} <= {*policies.index}


def test_all_policies_answer_the_same_prompts_and_all_reward_models_score_them(done):
    _, found = done
    said, judged = found["said.parquet"], found["judged.parquet"]
    assert said.columns.tolist() == [
        "policy", "prompt_id", "subset", "sample_id", "prompt", "response", "oracle", *RMS,
    ]  # fmt: skip
    assert judged.columns.tolist() == [
        "prompt_id", "subset", "prompt", "chosen", "oracle", *RMS
    ]  # fmt: skip
    assert judged.groupby("subset").size().to_dict() == dict.fromkeys(family.JUDGED_SETS, 5)
    keys = judged.loc[judged.index.repeat(2), ["prompt_id", "subset", "prompt"]]
    assert set(said["policy"]) == set(found["policies.csv"]["policy"])
    for _, own in said.groupby("policy"):
        assert own[["prompt_id", "subset", "prompt"]].values.tolist() == keys.values.tolist()
        assert own["sample_id"].tolist() == [0, 1] * len(judged)
    assert {str(said[name].dtype) for name in RMS} == {"float32"}


def test_starts_and_some_policies_of_dpo_are_asked_in_other_words_too(done):
    _, found = done
    again, judged = found["reworded.parquet"], found["judged.parquet"].set_index("prompt_id")
    ends = [f"{base}-{data}" for base in family.SETS for data in ("original", "clean")]
    asked = {f"start-{base}" for base in family.SETS} | {f"dpo-{end}" for end in ends}
    assert set(again["policy"]) == asked and not set(again["prompt"]) & set(judged["prompt"])
    wordings = again.groupby(["prompt_id", "sample_id"])["prompt"].nunique()
    assert (wordings == 1).all() and set(again["prompt_id"]) == set(judged.index)
    first = judged.loc[again["prompt_id"]]
    assert again["subset"].tolist() == first["subset"].tolist()
    worth = oracle.utility([*first["prompt"].map(last_request)], again["response"])
    np.testing.assert_allclose(again["oracle"], worth)
    for request, prompt in zip(judged["prompt"], again.groupby("prompt_id")["prompt"].first()):
        prompt, task = last_request(prompt), find(last_request(request)).task
        assert any(prompt.endswith(question) for question in task.questions())


def test_scores_are_those_of_the_models_and_of_the_oracle(done, params):
    folder, found = done
    tokenizer = load_tokenizer(folder / "outputs/smoke/data/tokenizer")
    for file, side in (("said.parquet", "response"), ("judged.parquet", "chosen")):
        rows = found[file][:40]
        asked = rows["prompt"], rows[side]
        np.testing.assert_allclose(
            rows["oracle"], oracle.utility(asked[0].map(last_request), asked[1])
        )
        for name in ("poor", EVALUATOR):
            model = load_reward_model(folder / "outputs/smoke/proxies" / name)
            expected = score(model, tokenizer, *asked, params.model.max_length)
            np.testing.assert_allclose(rows[f"rm:{name}"], expected, rtol=1e-4, atol=1e-5)


def test_ppo_is_judged_in_sd_of_what_the_start_says_to_the_judged_prompts(done, params):
    folder, found = done
    own = folder / "outputs/smoke/aligned"
    scored = [own / "norms" / name for name in (*EQUAL_SIZE, EVALUATOR)]
    judges = family.judges(params, own / "starts/start-initial", scored)
    assert [judge.name for judge in judges] == [*EQUAL_SIZE, EVALUATOR, ORACLE]
    said = found["said.parquet"]
    start = said[said["policy"] == "start-initial"]
    for judge in judges:
        scores = start["oracle" if judge.name == ORACLE else f"rm:{judge.name}"].astype(float)
        assert (judge.mean, judge.sd) == pytest.approx(
            (scores.mean(), scores.std(ddof=0)), rel=1e-4
        )


def test_ppo_learns_from_training_prompts_and_is_judged_on_others(done, params):
    folder, found = done
    own = folder / "outputs/smoke/aligned"
    asked, judged = (pd.read_parquet(own / name) for name in (family.ASKED, family.JUDGED))
    records = pd.read_parquet(folder / "outputs/smoke/cleaning/records.parquet")
    split = records.groupby("split")["prompt"].agg(set)
    assert set(asked["prompt"]) == split["train"] and set(judged["prompt"]) <= split["test"]
    assert asked["prompt"].is_unique
    judges = (Judge("x", None, None, 0.0, 1.0),)
    for run, _ in family.ppo(params, judges):
        assert (run.prompts, run.tests) == (
            "outputs/smoke/aligned/asked.parquet", "outputs/smoke/aligned/judged.parquet",
        )  # fmt: skip


def test_curves_tell_of_every_run_and_the_log_of_every_step(done, params):
    _, found = done
    log, curves = found["ppo_log.csv"], found["ppo_curves.csv"]
    assert log.columns.tolist() == [
        "run", "rm", "setting", "kl_coef", "step", "kl_nats", "reward", "entropy", "policy_loss",
        "value_loss",
    ]  # fmt: skip
    assert log.groupby("run").size().tolist() == [params.ppo.steps] * 8
    assert curves.columns.tolist() == [
        "run", "rm", "setting", "kl_coef", "step", "kl_nats", "own_reward", "evaluator_reward",
        "oracle_reward",
    ]  # fmt: skip
    free = curves[curves["run"].str.endswith("free")]
    assert set(free["setting"]) == {"penalty"} and set(free["kl_coef"]) == {0}
    assert curves.notna().all(axis=None) and len(set(curves["run"])) == 8


def test_implicit_rewards_and_losses_are_kept(done, params):
    folder, found = done
    implicit, tests = found["implicit.parquet"], pairs.read(
        folder / "outputs/smoke/cleaning/tests.parquet"
    )  # fmt: skip
    for _, own in implicit.groupby("policy"):
        assert own["pair_id"].tolist() == tests["pair_id"].tolist()
        assert own["source"].tolist() == tests["source"].tolist()
    assert implicit["policy"].nunique() == 10 and (implicit["margin"] != 0).mean() > 0.9
    steps = found["steps.csv"]
    assert steps.groupby("policy").size().tolist() == [params.aligned.pro_epochs] * 4  # one a pass
    assert steps["loss"].notna().all()


def test_a_second_run_keeps_everything(done, params, capsys):
    folder, _ = done
    files = sorted((folder / "results/smoke/aligned").iterdir())
    before = [path.read_bytes() for path in files]
    stage.run(params)
    assert [path.read_bytes() for path in files] == before
    said = capsys.readouterr().err
    assert said.count(" 0 items to run") == 8 and said.count("items to run") == 8


def test_dpo_has_one_setting_but_for_how_many_pairs_there_are(done, params):
    folder, _ = done
    items, rows = zip(*family.dpo(params))
    for item, row in zip(items, rows):
        pairs_there = len(pairs.read(folder / item.pairs))
        share = pairs_there * params.aligned.dpo_share
        assert item.pairs.endswith(f"/{row['data']}.parquet") and row["base"] in item.policy
        seen = item.settings.resampled
        assert seen % 16 == 0 and (0 <= share - seen < 16 or seen == 16)
        assert item.settings.weighting == "plain"
    of = {row["policy"]: item.settings.resampled for item, row in zip(items, rows)}
    assert of["dpo-initial-fewer"] == of["dpo-initial-clean"] < of["dpo-initial-original"]
    assert len({dataclasses.replace(item.settings, resampled=0) for item in items}) == 1
    assert len({item.seed for item in items}) == 1


def test_pro_differs_in_its_form_and_in_who_ranks(done, params):
    items = {row["policy"]: item for item, row in family.pro(params)}
    printed, full = items["pro-small"].settings, items["pro-small-full"].settings
    assert (printed.temperatures, printed.sft_weight) == (False, 0)
    assert (full.temperatures, full.sft_weight) == (True, params.aligned.pro_sft_weight)
    assert items["pro-evaluator"].settings == printed
    assert items["pro-evaluator"].rm.endswith("proxies/evaluator")


def test_the_precision_reaches_every_policy(done, params):
    model = dataclasses.replace(params.model, precision="bf16-mixed")
    mixed = dataclasses.replace(params, model=model)
    every = [*family.dpo(mixed), *family.pro(mixed), *family.ppo(mixed, ())]
    assert {item.settings.precision for item, _ in every} == {"bf16-mixed"}
    assert len({type(item.settings) for item, _ in every}) == 3


def test_a_prompt_is_judged_once_in_a_test_set():
    tests = pd.DataFrame(
        {
            "source": ["mixed", "mixed", "helpful-base", "mixed", "helpful-online", "mixed"],
            "prompt": ["a", "a", "a", "b", "c", "d"],
            "chosen": list("uvwxyz"),
        }
    )
    found = family.judged_prompts(tests, count=2)
    assert found["source"].tolist() == ["helpful-base", "mixed", "mixed"]
    assert found["prompt"].tolist() == ["a", "a", "b"]
    assert found["response"].tolist() == ["w", "u", "x"] and found["prompt_id"].tolist() == [
        0,
        1,
        2,
    ]


def test_curves_show_the_own_judge_the_evaluator_and_the_oracle():
    judges = tuple(Judge(n, None, None, 0.0, 1.0) for n in ("half", "large", EVALUATOR, ORACLE))
    run = PPORun(
        name="ppo-large-1", data="", prompts="", tests="", policy="", rm="large", judges=judges,
        setting="main", number=1, category=None, points=1, point_samples=1, final_samples=1,
        settings=dataclasses.replace(SETTINGS, kl_coef=0.1), seed=0,
    )  # fmt: skip
    points = pd.DataFrame({"step": [4, 9], "kl_nats": [0.5, 1.0], "entropy": [3.0, 2.0]})
    values = np.arange(2 * 4 * 3, dtype=np.float32).reshape(2, 4, 3)
    log = pd.DataFrame({name: [1.0] for name in [*tables.LOGGED, "tokens"]})
    done = Finished(run, log, points, values, [], "finished", "")
    found = tables.curves([done])
    assert found["own_reward"].tolist() == [4, 16] and found["evaluator_reward"].tolist() == [7, 19]
    assert found["oracle_reward"].tolist() == [10, 22] and found["kl_nats"].tolist() == [0.5, 1.0]
    assert tables.log([done])[["run", "rm", "kl_coef"]].values.tolist() == [
        ["ppo-large-1", "large", 0.1]
    ]
