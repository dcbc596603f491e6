"""Tests of the scales' files, those that a user writes among them."""

import shutil

import pytest

from proxyreward.pipeline.params import compose
from proxyreward.pipeline.scales import left_out
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
