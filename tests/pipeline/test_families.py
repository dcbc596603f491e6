"""The families of reward models and of PPO runs that a scale asks for."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from proxyreward.pipeline import mix_family, ppo_family, rejection_family
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.reward_families import families, label, members
from proxyreward.pipeline.stages import policy
from proxyreward.pipeline.typed import build


@pytest.fixture
def params(root):
    return build(Params, compose(["scale=smoke"], root / "params"), "params")


def test_the_clean_model_belongs_to_every_family_and_is_trained_once(params):
    found = families(params)
    assert found["architectures"][-1] is found["parts"][-1] is found["main"][0]
    names = [member.name for member in members(params)]
    assert len(names) == len(set(names)) == 4 + 2 + 2 + 3


def test_reward_models_share_weights_and_batches_within_a_fold(root, params):
    found = families(params)
    together = [*found["main"], *found["architectures"], *found["parts"]]
    assert len({member.seed for member in together}) == 1
    assert {member.seed for member in found["apart"]}.isdisjoint({together[0].seed})
    params = build(Params, compose(["scale=real-hh"], root / "params"), "params")
    seeds = {}
    for member in members(params):
        seeds.setdefault(member.fold, set()).add(member.seed)
    assert not families(params)["apart"]  # real pairs are not drawn a second time
    assert len(seeds) == params.reward.folds and all(len(own) == 1 for own in seeds.values())
    assert len(set().union(*seeds.values())) == len(seeds)


def test_labels_tell_the_members_of_a_family_apart(params):
    for family, listed in families(params).items():
        assert len({label(family, member) for member in listed}) == len(listed)


@pytest.fixture
def runs(params, tmp_path, monkeypatch):
    """Runs planned on made-up outputs of the stages before."""
    monkeypatch.chdir(tmp_path)
    outputs = tmp_path / "outputs/smoke"
    (outputs / "data").mkdir(parents=True)
    prompts = pd.DataFrame({"prompt_id": [0, 1, 2], "category": ["Chat", "Math", "Chat"]})
    prompts.to_parquet(outputs / "data/prompts.parquet")
    names = [member.name for member in families(params)["main"]]
    for i, name in enumerate([*names, "oracle"]):
        (outputs / "reward_models" / name).mkdir(parents=True)
        (outputs / "scores" / name).mkdir(parents=True)
        np.save(outputs / "scores" / name / "initial.npy", np.array([i - 1.0, i + 1.0]))
    return ppo_family.runs(params)


def of(runs, setting="main", category=None):
    return [run for run in runs if (run.setting, run.category) == (setting, category)]


def test_every_reward_model_and_the_oracle_have_main_runs_and_one_at_each_penalty(runs, params):
    names = [*(member.name for member in families(params)["main"]), "oracle"]
    main, penalised = of(runs), of(runs, "penalty")
    assert [(run.number, run.rm) for run in main] == [(k, rm) for k in (1, 2) for rm in names]
    assert [(run.settings.kl_coef, run.rm) for run in penalised] == [
        (kl_coef, rm) for kl_coef in (0, 0.5) for rm in names
    ]
    alone = [run for run in runs if run.category]
    assert len(alone) == 2 * 3 and len({run.rm for run in alone}) == 3
    assert len({run.name for run in runs}) == len(runs) == 10 + 10 + 6


def test_runs_share_a_seed_with_runs_of_their_number_and_with_no_others(runs):
    seeds = {}
    for run in runs:
        seeds.setdefault(run.number, set()).add(run.seed)
    assert sorted(seeds) == [1, 2] and all(len(own) == 1 for own in seeds.values())
    assert seeds[1] != seeds[2]
    assert {run.number for run in [*of(runs, "penalty"), *of(runs, category="Chat")]} == {1}


def test_the_budget_is_that_of_the_main_setting(runs, params):
    for run in runs:
        main = run.setting == "main"
        assert run.settings.kl_budget == (params.ppo.kl_budget if main else None)
        assert (run.settings.kl_coef == params.ppo.kl_coef) == main


def test_all_judge_the_runs_on_all_prompts_and_are_normalised_on_the_same_samples(runs):
    judges = runs[0].judges
    assert [(judge.mean, judge.sd) for judge in judges] == [(i, 1.0) for i in range(5)]
    some = {run.rm for run in runs if run.category} | {"oracle"}
    for run in runs:
        kept = judges if run.category is None else [j for j in judges if j.name in some]
        assert list(run.judges) == list(kept)


def test_runs_of_a_setting_differ_in_the_reward_model_alone(runs):
    assert len({run.settings for run in of(runs)}) == 1
    assert len({run.settings for run in of(runs, "penalty")}) == 2
    assert len({run.settings for run in runs if run.category}) == 1


def test_the_precision_reaches_every_item_that_is_trained(runs, params, monkeypatch):
    mixed = dataclasses.replace(
        params, model=dataclasses.replace(params.model, precision="bf16-mixed")
    )
    initial = []
    monkeypatch.setattr(policy, "run_items", lambda params, stage, items, *_: initial.extend(items))
    monkeypatch.setattr(rejection_family, "content_hash", lambda path: "")
    policy.run(mixed)
    mixes = [item for item, _ in mix_family.items(mixed)]
    trained = [
        *(item.settings for item in [*members(mixed), *ppo_family.runs(mixed), *initial, *mixes]),
        *(item.tuned for item in mixes if item.tuned),
        *(item.settings for item, _ in rejection_family.policies(mixed)),
        *(item.settings for item, _ in rejection_family.preferences(mixed)),
    ]
    assert len({type(settings) for settings in trained}) == 5
    assert {settings.precision for settings in trained} == {"bf16-mixed"}
