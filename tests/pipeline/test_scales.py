"""Tests of the scales' files, those that a user writes among them."""

import shutil

import pytest

from proxyreward.pipeline.params import compose, known_keys
from proxyreward.pipeline.scales import READ_AT, REAL_ALONE, is_read, left_out, names
from proxyreward.pipeline.typed import ConfigError

BEGINNING = "# @package _global_\nscale: own\n"


@pytest.fixture()
def config(tmp_path, root):
    shutil.copytree(root / "params", tmp_path / "params")
    return tmp_path / "params"


def own(config, content: str | bytes):
    content = content.encode() if isinstance(content, str) else content
    (config / "scale" / "own.yaml").write_bytes(content)
    return compose(["scale=own", "policy.epochs=4"], config)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_scale_of_ones_own(config, ends):
    text = BEGINNING + 'reward: {epochs: "${policy.epochs}"}  # as many\n'
    values = own(config, text.replace("\n", ends))
    assert (values["scale"], values["worlds"]) == ("own", ["own"])
    assert values["reward"]["epochs"] == values["policy"]["epochs"] == 4


@pytest.mark.parametrize(
    "content",
    [
        "",
        "- own",
        "seed: [",
        b"# @package _global_\nscale: own\n# \xe9",
        "scale: own",
        "# @package reward\nscale: own",
        "# Mine.\n" + BEGINNING,
        "# @package _global_\nseed: 1",
        "# @package _global_\nscale: tiny",
        BEGINNING + "scale: tiny",
        BEGINNING + "defaults: [_self_, smoke]",
    ],
)
def test_a_file_that_is_no_scale_is_told_how_one_begins(config, content):
    with pytest.raises(
        ConfigError, match=r"own\.yaml.*`# @package _global_` and `scale: own`"
    ) as e:
        own(config, content)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("reward: {epohs: 3}", "'reward.epochs'"),
        ("reward: 3", "own.yaml"),
        ("seed: ${nope}", "nope"),
        ("seed: -1", "'seed'"),
        ("model: {base: 1e5}", "quotes"),
        ("reward: {learning_rate: 1" + "0" * 400 + "}", "learning_rate"),
    ],
)
def test_a_wrong_line_is_named_with_its_file(config, line, told):
    with pytest.raises(ConfigError, match="own.yaml") as error:
        own(config, BEGINNING + line)
    assert told in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content", ["seed: [", "a: &x [*x]", "- a", "a: 1\na: 2", b"\xff", "[" * 5000]
)
def test_a_broken_base_of_all_scales_is_one_line(config, content):
    content = content.encode() if isinstance(content, str) else content
    (config / "config.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.yaml.*git checkout") as error:
        compose(["scale=tiny"], config)
    assert "\n" not in str(error.value)


def test_a_name_that_a_table_would_lose_is_refused(config):
    (config / "scale" / "2022.yaml").write_text("# @package _global_\nscale: '2022'\n")
    with pytest.raises(ConfigError, match="2022.yaml.*Remedy: rename the file"):
        compose(["scale=2022"], config)


def test_a_broken_neighbour_does_not_matter(config):
    (config / "scale" / "own.yaml").write_text("[")
    assert compose(["scale=tiny"], config)["scale"] == "tiny"


def test_stages_without_entries_are_left_out(tmp_path):
    pipeline = tmp_path / "dvc.yaml"
    matrices = ('{scale: "${some}"}', '{scale: "${none}"}', '{scale: [s], file: "${none}"}')
    stages = [f"  stage{i}: {{matrix: {one}}}\n" for i, one in enumerate(matrices)]
    pipeline.write_text("stages:\n  plain: {cmd: x}\n" + "".join(stages))
    assert left_out({"scale": "s", "some": ["s"], "none": []}, pipeline) == ["stage1", "stage2"]


def test_real_pairs_leave_out_the_policies(root):
    values = compose(["scale=real-hh"], root / "params")
    found = left_out(values, root / "dvc.yaml")
    assert "policy" in found and "mixes" in found and "reward_models" not in found
    default = left_out(compose(["scale=tiny"], root / "params"), root / "dvc.yaml")
    assert default == ["real_cleaning", "real_regret", "real_outputs"]  # on real data alone


WORLD = {"smoke", "tiny"}
HH, MORE, CLEANING, SCORES = "real-hh", "real-more", "real-cleaning", "real-scores"
REAL = {HH, MORE, CLEANING, SCORES}


@pytest.fixture(scope="module")
def scales(root):
    folder = root / "params"
    return {name: compose([f"scale={name}"], folder) for name in names(folder)}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        *(
            (key, WORLD | REAL)
            for key in ("scale", "seed", "mixed", "runner.backend", "model.base")
        ),
        *((key, WORLD) for key in ("replicates", "policy.epochs", "rejection.samples")),
        *((key, WORLD) for key in ("samples.per_prompt", "ppo.steps", "cleaning.quality")),
        *((key, WORLD) for key in ("proxies.probes", "aligned.prompts", "findings.draws")),
        ("world.pairs", WORLD),
        ("mixes.quality", WORLD),
        ("reward.apart_shape", WORLD),
        ("data.source", WORLD | REAL),
        ("data.name", {HH}),
        ("data.max_records", REAL),
        ("reward.epochs", WORLD | {HH, CLEANING, SCORES}),
        ("reward.parts", WORLD | {HH}),
        ("mixes.origins", WORLD | {MORE, CLEANING, SCORES}),
        ("mixes.seeds", WORLD | {MORE}),
        ("committee.tie", {CLEANING}),
        ("tables.rewardmath", {SCORES}),
        ("tables.alpaca_eval", {SCORES}),
    ],
)
def test_a_key_is_read_where_a_stage_that_runs_declares_it(root, scales, key, expected):
    found = {name for name, values in scales.items() if is_read(key, values, root / "dvc.yaml")}
    assert found == expected


def test_keys_that_are_declared_at_more_scales_than_read_them_are_keys():
    keys = known_keys()
    for name in (*REAL_ALONE, *(name for own in READ_AT.values() for name in own)):
        assert name in keys or any(key.startswith(f"{name}.") for key in keys), name
