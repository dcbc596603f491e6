import pytest

from proxyreward.findings.core import verdict
from proxyreward.findings.rethinking.rethinking_appendix import recipe_table, settings_table
from proxyreward.findings.rethinking.rethinking_appendix.claims import _recipes
from proxyreward.findings.rethinking.rethinking_appendix.recipes import REWARD_MODELS, differing
from proxyreward.findings.rethinking.rethinking_appendix.settings import PRINTED
from proxyreward.pipeline.params import known_keys


def spec(name, flip_rate=0.0, seed=0, **settings):
    settings = {"epochs": 2, "l2": 0.01} | settings
    inner = {"name": name, "flip_rate": flip_rate, "seed": seed, "settings": settings}
    return {"name": name, "spec": inner, "inputs": ["1"], "code": "c"}


FAMILY = [spec(f"flip-{q}", q, seed) for seed, q in enumerate((0.0, 0.1, 0.2))]


def test_what_must_differ_does_not_count():
    assert differing(FAMILY, REWARD_MODELS) == (1, [])


@pytest.mark.parametrize(
    ("odd", "key"),
    [
        (spec("odd", l2=0.1), "spec.settings.l2"),
        (spec("odd", clip=1), "spec.settings.clip"),
        (spec("odd") | {"inputs": ["2"]}, "inputs"),
        (spec("odd") | {"code": "d"}, "code"),
    ],
)
def test_anything_else_does(odd, key):
    assert differing([*FAMILY, odd], REWARD_MODELS) == (2, [key])


def decide(registry, runs):
    families = {"reward models": FAMILY, "PPO runs": runs}
    table = recipe_table({name: (specs, REWARD_MODELS) for name, specs in families.items()})
    decisions, _ = verdict.decide("rethinking_appendix", _recipes(table), registry)
    [decision] = [d for d in decisions if d.claim_id == "rethinking.table8.c1"]
    return decision


def test_one_recipe_each_holds_by_construction_and_two_refute(registry):
    runs = [spec("run-1"), spec("run-2", 0.1)]
    assert decide(registry, runs).verdict == "by construction"
    decision = decide(registry, [*runs, spec("run-3", epochs=3)])
    assert decision.verdict == "not reproduced"
    assert (decision.estimate, decision.n) == (1, 3)


def test_nothing_trained_decides_nothing(registry):
    assert decide(registry, []).verdict == "inconclusive"


BATCHES = {"prompts_per_step": 16, "samples_per_prompt": 4, "minibatches": 2}
SCALES = {
    "smoke": {
        "seed": 0,
        "model": {"max_length": 72, "layers": 2},
        "reward": {"learning_rate": 0.002, "flip_rates": [0.0, 0.15], "new": None},
        "ppo": BATCHES,
    },
    "tiny": {
        "seed": 0,
        "model": {"max_length": 72, "layers": 2},
        "reward": {"learning_rate": 0.001, "flip_rates": [0.0]},
        "ppo": BATCHES | {"steps": 30, "minibatches": 4},
    },
}


def test_settings_stand_beside_the_papers(registry):
    table = settings_table(SCALES, registry).set_index("setting")
    assert list(table.columns) == ["paper", "smoke", "tiny"]
    assert table.loc["reward.learning_rate"].tolist() == ["5e-6", "0.002", "0.001"]
    assert table.loc["reward.flip_rates"].tolist() == ["–", "0, 0.15", "0"]
    assert table.loc["model.max_length"].tolist() == ["2048", "72", "72"]
    assert table.loc["ppo.steps"].tolist() == ["not stated", "–", "30"]
    assert table.loc["ppo: responses in a gradient step"].tolist() == ["64", "32", "16"]
    assert "model.layers" not in table.index and "seed" not in table.index


def test_a_scale_has_dashes_where_its_stages_use_nothing(registry):
    scales = SCALES | {"real": {"reward": {"learning_rate": 0.25}}}
    real = settings_table(scales, registry).set_index("setting")["real"]
    assert real["reward.learning_rate"] == "0.25"
    assert real["reward: schedule of the learning rate"] == "cosine"
    assert {real["ppo.steps"], real["ppo: responses in a gradient step"]} == {"–"}


def test_one_section_alone(registry):
    shown = settings_table(SCALES, registry, "ppo")["setting"]
    assert set(shown.str[:3]) == {"ppo"}
    with pytest.raises(ValueError, match="choose all, reward or ppo"):
        settings_table(SCALES, registry, "model")


def test_every_counterpart_is_a_parameter():
    assert set(PRINTED) <= set(known_keys())


def test_what_is_no_parameter_is_fixed_in_the_code(root):
    source = (root / "src/proxyreward/models/training.py").read_text()
    assert "schedule = get_cosine_schedule_with_warmup(" in source
