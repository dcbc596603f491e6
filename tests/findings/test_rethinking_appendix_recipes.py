import pytest

from proxyreward.findings.rethinking.rethinking_appendix.recipes import (
    PRINTED,
    REWARD_MODELS,
    recipe_table,
    settings_table,
)
from proxyreward.pipeline.params import known_keys


def spec(name, flip_rate=0.0, seed=0, **settings):
    settings = {"epochs": 2, "l2": 0.01} | settings
    inner = {"name": name, "flip_rate": flip_rate, "seed": seed, "settings": settings}
    return {"name": name, "spec": inner, "inputs": ["1"], "code": "c"}


FAMILY = [spec(f"flip-{q}", q) for q in (0.0, 0.1, 0.2)]


@pytest.mark.parametrize(
    ("odd", "key"),
    [
        (spec("odd", 0.3), ""),  # what must differ does not count
        (spec("odd", 0.3, seed=7), "spec.seed"),
        (spec("odd", l2=0.1), "spec.settings.l2"),
        (spec("odd", clip=1), "spec.settings.clip"),
        (spec("odd") | {"inputs": ["2"]}, "inputs"),
        (spec("odd") | {"code": "d"}, "code"),
    ],
)
def test_an_odd_recipe_is_found_with_its_key(odd, key):
    table = recipe_table({"rms": ([*FAMILY, odd], REWARD_MODELS), "none": ([], REWARD_MODELS)})
    assert table.to_numpy().tolist() == [["rms", 4, 2 if key else 1, key], ["none", 0, 0, ""]]


BATCHES = {"prompts_per_step": 16, "samples_per_prompt": 4, "minibatches": 2}
SCALES = {
    "smoke": {
        "seed": 0,
        "model": {"max_length": 72, "layers": 2},
        "reward": {"learning_rate": 0.002, "flip_rates": [0.0, 0.15], "new": None},
        "ppo": BATCHES,
    },
    "tiny": {
        "model": {"max_length": 72},
        "reward": {"learning_rate": 0.001, "flip_rates": [0.0]},
        "ppo": BATCHES | {"steps": 30, "minibatches": 4},
    },
    "real": {"reward": {"learning_rate": 0.25}},
}


def test_settings_stand_beside_the_papers(registry):
    table = settings_table(SCALES, registry).set_index("setting")
    assert list(table.columns) == ["paper", "smoke", "tiny", "real"]
    for name, cells in {
        "reward.learning_rate": ["5e-6", "0.002", "0.001", "0.25"],
        "reward.flip_rates": ["–", "0, 0.15", "0", "–"],
        "model.max_length": ["2048", "72", "72", "–"],
        "ppo.steps": ["not stated", "–", "30", "–"],
        "ppo: responses in a gradient step": ["64", "32", "16", "–"],
        "reward: schedule of the learning rate": ["cosine"] * 4,
    }.items():
        assert table.loc[name].tolist() == cells
    assert "model.layers" not in table.index and "seed" not in table.index


def test_one_section_alone(registry):
    shown = settings_table(SCALES, registry, "ppo")["setting"]
    assert set(shown.str[:3]) == {"ppo"}
    with pytest.raises(ValueError, match="choose all, reward or ppo"):
        settings_table(SCALES, registry, "model")


def test_counterparts_are_parameters_and_the_schedule_is_fixed_in_the_code(root):
    assert set(PRINTED) <= set(known_keys())
    source = (root / "src/proxyreward/models/training.py").read_text()
    assert "math.cos(math.pi * done)" in source
