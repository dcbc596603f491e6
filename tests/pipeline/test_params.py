"""Tests of params.yaml: what it may say, and how words change it."""

import copy
import dataclasses
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from proxyreward.pipeline import params as parameters
from proxyreward.pipeline.fields import plain
from proxyreward.pipeline.params import (
    change,
    check_read,
    compose,
    is_composed,
    load,
    origins,
    write,
)
from proxyreward.pipeline.typed import ConfigError

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "params"
SCALES = sorted(file.stem for file in (CONFIG / "scale").iterdir())
TWO = [
    f"{{source: {name}, format: hh, place: local, name: /x, subset: null, split: test}}"
    for name in ("first", "second")
]


@pytest.fixture(scope="module")
def tiny() -> dict:
    return compose(["scale=tiny"], CONFIG)


@pytest.fixture(scope="module")
def pairs() -> dict:
    """A scale on local pairs."""
    return compose(["scale=real-hh", "data.name=/pairs"], CONFIG)


def saved(tmp_path, values, *, key=None, value=None) -> Path:
    """Write `values` with one dotted key replaced."""
    values = copy.deepcopy(values)
    if key:
        *parts, name = key.split(".")
        target = values
        for part in parts:
            target = target[part]
        target[name] = value
    path = tmp_path / "params.yaml"
    write(values, path)
    return path


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_composes_and_names_itself(scale, tmp_path):
    path = saved(tmp_path, compose([f"scale={scale}"], CONFIG))
    assert load(path).scale == scale
    assert is_composed(path, CONFIG)


def test_committed_params_are_the_composed_tiny_scale(tiny):
    """What Git holds, where there is Git: the file itself is the user's to change."""
    show = ["git", "-C", str(ROOT), "show", "HEAD:params.yaml"]
    committed = subprocess.run(show, capture_output=True, text=True)
    text = committed.stdout if committed.returncode == 0 else (ROOT / "params.yaml").read_text()
    assert yaml.safe_load(text) == tiny


def test_written_file_is_stable(tmp_path, tiny):
    first = saved(tmp_path, tiny).read_bytes()
    assert first == saved(tmp_path, yaml.safe_load(first)).read_bytes()
    assert first.startswith(b"# ")


def test_unknown_key_names_file_key_nearest_and_remedy(tmp_path, tiny):
    path = saved(tmp_path, tiny, key="reward.flip_rate", value=[0.0])
    with pytest.raises(ConfigError) as error:
        load(path)
    message = str(error.value)
    for part in (str(path), "'reward.flip_rate'", "'reward.flip_rates'", "Remedy"):
        assert part in message


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("reward.epochs", 2.0, "write 2"),
        ("reward.epochs", True, "a whole number"),
        ("mixes.side", "yes", "true or false"),
        ("scale", 7, "letter"),
        ("model.heads", 7, "multiple of 2 x heads"),
        ("reward.flip_rates", [0.5], r"[0, 0.5)"),
        ("reward.flip_rates", [0.2, 0.1], "rising"),
        ("reward.flip_rates", 0.1, "must be a list"),
        ("reward.folds", 1, "[2, 1000]"),
        ("world.pairs", 0, "[1, 1000000]"),
        ("policy.learning_rate", float("nan"), "a number"),
        ("policy.learning_rate", "1e400", "finite"),
        ("data.source", "word", "did you mean world"),
        ("data.source", "local", "data.name"),
        ("data.split", "tset", "did you mean test"),
        ("runner.backend", "threading", "loky, dask"),
        ("samples.max_new_tokens", 72, "model.max_length"),
        ("ppo.penalties", [0.5], "must hold 0"),
        ("ppo.penalties", [0, 0.1], "must not hold kl_coef"),
        ("world", 3, "must be a mapping"),
    ],
)
def test_wrong_values_are_refused_with_a_remedy(tmp_path, tiny, key, value, words):
    with pytest.raises(ConfigError) as error:
        load(saved(tmp_path, tiny, key=key, value=value))
    assert words in str(error.value)
    assert key.split(".")[-1] in str(error.value)


def test_missing_key_is_refused(tmp_path, tiny):
    values = copy.deepcopy(tiny)
    del values["samples"]["temperature"]
    with pytest.raises(ConfigError, match="samples.temperature.*missing"):
        load(saved(tmp_path, values))


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("1e-5", 1e-5), ("2E3", 2e3), (".5", 0.5)])
def test_a_number_is_read_as_yaml_1_2_writes_it(tmp_path, tiny, text, value):
    path = saved(tmp_path, tiny)
    path.write_text(path.read_text().replace("temperature: 1.0", f"temperature: {text}"))
    read = load(path).samples.temperature
    assert (type(read), read) == (float, value)


def test_parameters_are_frozen(tmp_path, tiny):
    with pytest.raises(AttributeError):
        load(saved(tmp_path, tiny)).reward.epochs = 5


@pytest.mark.parametrize(
    "content", [None, b"", b"scale: [", b"scale: \xff", b"- 1", b"a: 1\na: 1", b"[" * 500]
)
def test_missing_and_broken_files_name_the_file_and_the_remedy(tmp_path, content):
    path = tmp_path / "params.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"params\.yaml.*proxyreward params scale=tiny") as error:
        load(path)
    assert "\n" not in str(error.value)
    assert change(["scale=tiny"], path, CONFIG)["scale"] == "tiny"


def test_comments_and_windows_line_ends_change_nothing(tmp_path, tiny):
    path = saved(tmp_path, tiny)
    text = path.read_text().replace("scale: tiny", "scale:   tiny  # mine")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert plain(load(path)) == tiny


@pytest.mark.parametrize("text", ["/a (1)/ö, b=c #d.jsonl", "it's", "1e5", "${seed}", "no", "???"])
def test_a_text_is_taken_as_it_stands(tmp_path, pairs, text):
    words = [f"data.name={text}", f"model.base={text}"]
    path = saved(tmp_path, compose(["scale=real-hh", *words], CONFIG))
    first = load(path)
    write(change(words, saved(tmp_path, pairs), CONFIG), path)
    assert (first.data.name, first.model.base) == (text, text)
    assert load(path) == first


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("data.name='/x y'", "/x y"),
        ('data.name="/x,y"', "/x,y"),
        ('data.subset="null"', "null"),
        ("data.subset=null", None),
        ("reward.learning_rate=1e-5", 1e-5),
        ("mixes.side=false", False),
        ("reward.architectures=[]", []),
        ("reward.architectures=[16x1x2, 32x1x2]", ["16x1x2", "32x1x2"]),
        ("reward.architectures=16x1x2,32x1x2", ["16x1x2", "32x1x2"]),
        ("mixes.bases=[/a b/ö (1), '/c,d', 64x1x4]", ["/a b/ö (1)", "/c,d", "64x1x4"]),
        ("ppo.penalties=[0, 1e-3]", [0.0, 1e-3]),
    ],
)
def test_words_are_read_by_the_type_of_their_key(word, value):
    values = compose(
        ["scale=real-hh", "data.name=/pairs", word]
        if "name" not in word
        else ["scale=real-hh", word],
        CONFIG,
    )
    part, _, name = word.partition("=")[0].partition(".")
    assert values[part][name] == value


def test_origins_are_typed_in_one_word():
    one = "{{source: {}, format: hh, place: local, name: '~/{}, b', subset: null, split: test}}"
    listed = ", ".join(one.format(name, name) for name in ("first", "second"))
    values = compose(["scale=real-more", "mixes.orders=0", f"mixes.origins=[{listed}]"], CONFIG)
    first = values["mixes"]["origins"][0]
    assert first["name"] == str(Path.home() / "first, b")
    assert (first["source"], first["subset"]) == ("first", None)
    watched = {file["name"]: file["path"] for file in values["watched"]}
    assert watched["source-second"] == str(Path.home() / "second, b")


def test_a_home_folder_is_written_out_where_a_path_is_meant():
    words = ["scale=real-hh", "data.name=~/pairs", "model.base=~/mine", "mixes.bases=[~/small]"]
    values = compose(words, CONFIG)
    found = [values["data"]["name"], values["model"]["base"], *values["mixes"]["bases"]]
    assert found == [str(Path.home() / name) for name in ("pairs", "mine", "small")]
    assert compose([*words, "data.source=hub"], CONFIG)["data"]["name"] == "~/pairs"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["scale=tinny"], "tiny"),
        (["scale=../scale/tiny"], "no scale"),
        (["reward.epoch=3"], "reward.epochs"),
        (["scale"], "key=value"),
        (["reward.epochs=x"], "whole number"),
        (["reward.epochs=" + "9" * 5000], "whole number"),
        (["+reward.x=1"], "unknown"),
        (["reward=1"], "unknown"),
        (["seed=1", "seed=1"], "twice"),
        (["seed=${nope}"], "whole number"),
        (["mixes.bases=[a"], "must be a list"),
        (["mixes.bases=[scratch]"], "width x layers x heads"),
        (["reward.epochs=1_0"], "whole number"),
        (["mixes.origins=[{source:a}]"], "source"),
        (["model.base="], "scratch"),
        (["model.base=64x2x4"], "hidden_size"),
        (["data.name=a\x1b[2J"], r"\x1b"),
        (["data.name=a\udcff"], r"\udcff"),
        (["watched=[]"], "follows"),
        (["data.source=hub", "data.name=x"], "'worlds=[]' 'mixed=[]'"),
        ([f"mixes.origins=[{', '.join(TWO)}]", "mixes.folds=2", "mixes.conflicts=[]"], "its own s"),
    ],
)
def test_bad_words_are_refused(words, told):
    with pytest.raises(ConfigError) as error:
        compose(words, CONFIG)
    assert told in str(error.value)
    assert "\n" not in str(error.value) and len(str(error.value)) < 6000


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["tables.rewardmath=/x", "tables.alpaca_eval=/x"], "'tables.rewardmath'.*: real-scores"),
        (["data.name=/x"], "tiny reads 'data.name'.*scale that does: real-hh$"),
        (["scale=real-hh", "replicates=2"], "real-hh reads 'replicates'.*: smoke, tiny$"),
    ],
)
def test_a_word_that_no_stage_of_the_scale_reads_is_refused(words, told):
    with pytest.raises(ConfigError, match=f"^command line: nothing at scale .*{told}"):
        check_read(words, compose(words, CONFIG), CONFIG, ROOT / "dvc.yaml")


def test_a_word_that_sets_nothing_passes(tiny):
    """So a part that another scale has read can be cleared in the file as it is."""
    words = ["tables.rewardmath=null", "tables.alpaca_eval=null", "committee.shapes=[]"]
    check_read(words, tiny, CONFIG, ROOT / "dvc.yaml")


def test_scales_that_are_not_finished_are_passed_over(tmp_path):
    shutil.copytree(CONFIG, tmp_path / "params")
    (tmp_path / "params" / "scale" / "mine.yaml").write_text("[")
    with pytest.raises(ConfigError, match="scale that does: real-cleaning$"):
        words = ["committee.tie=0.2"]
        check_read(words, compose(words, CONFIG), tmp_path / "params", ROOT / "dvc.yaml")


def test_the_words_of_a_remedy_work(tmp_path, pairs):
    """Values that do not go together name the words that mend them."""
    path = saved(tmp_path, pairs, key="data.name", value="/it's (2)")
    with pytest.raises(ConfigError) as error:
        load(path)
    words = re.search(r"`proxyreward params (.*?)`", str(error.value)).group(1)
    write(change(shlex.split(words), path, CONFIG), path)
    assert load(path).data.name == "/it's (2)"


def test_a_scale_that_another_program_put_in_is_refused_with_the_right_word(tmp_path, pairs):
    with pytest.raises(ConfigError, match="scale=smoke"):
        load(saved(tmp_path, pairs, key="scale", value="smoke"))


def test_words_change_the_present_file_and_a_scale_starts_afresh(tmp_path, pairs):
    path = saved(tmp_path, pairs)
    write(change(["reward.epochs=9"], path, CONFIG), path)
    write(change(["seed=3"], path, CONFIG), path)
    params = load(path)
    assert (params.scale, params.data.name) == ("real-hh", "/pairs")
    assert (params.reward.epochs, params.seed) == (9, 3)
    afresh = change(["scale=real-hh", "seed=4"], path, CONFIG)
    assert afresh == compose(["scale=real-hh", "seed=4"], CONFIG)


def test_a_missing_file_is_the_default_scale(tmp_path, tiny):
    assert change(["seed=0"], tmp_path / "params.yaml", CONFIG) == tiny


def test_a_wrong_value_in_the_file_can_be_mended_by_a_word(tmp_path, tiny):
    path = saved(tmp_path, tiny, key="reward.epochs", value=-1)
    assert change(["reward.epochs=2"], path, CONFIG) == tiny


def test_origins_name_the_file_of_each_value(tmp_path):
    path = saved(tmp_path, compose(["scale=smoke"], CONFIG), key="reward.epochs", value=9)
    found = {key: (value, place) for key, value, place in origins(path, CONFIG)}
    assert found["reward.epochs"] == (9, str(path))
    assert found["world.pairs"][1].endswith("scale/smoke.yaml")
    assert found["reward.l2"][1].endswith("config.yaml")


def test_known_keys_cover_a_composed_file(tiny):
    flat = {
        f"{part}.{name}"
        for part, inner in tiny.items()
        if isinstance(inner, dict)
        for name in inner
    } | {key for key, value in tiny.items() if not isinstance(value, dict)}
    assert set(parameters.known_keys()) == flat


def test_what_dvc_sets_keeps_scale_and_values(tmp_path, root):
    """`dvc exp run -S` changes the present file, as Hydra is off in DVC; its spelling is read."""
    from dvc.config import Config
    from dvc.utils.hydra import apply_overrides

    assert not Config(str(root / ".dvc")).get("hydra", {}).get("enabled")
    path = saved(tmp_path, compose(["scale=real-hh", "data.subset=no", "model.base=1e5"], CONFIG))
    before = load(path)
    apply_overrides(path, ["reward.l2=0.00002", "seed=3"])
    assert "2e-05" in path.read_text()
    reward = dataclasses.replace(before.reward, l2=2e-5)
    assert load(path) == dataclasses.replace(before, reward=reward, seed=3)
