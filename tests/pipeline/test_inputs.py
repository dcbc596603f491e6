"""Files that parameters name: what is said where they are not there when a stage comes to them."""

import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from proxyreward.data.report import DataError
from proxyreward.pipeline import committee, outputs_family, source_data
from proxyreward.pipeline.bases import write_bases
from proxyreward.pipeline.params import Params, compose, write
from proxyreward.pipeline.stages import data, inputs, real_outputs, real_regret
from proxyreward.pipeline.typed import build

GONE = "/gone/"
ORIGINS = [
    f"{{source: {name}, format: {form}, place: local, name: {GONE}{name}, subset: null, "
    "split: test}"
    for name, form in (("first", "dsp"), ("second", "pandalm"))
]
WORDS = {
    "real-hh": [f"data.name={GONE}pairs", f"model.base={GONE}base"],
    "real-more": [f"mixes.origins=[{', '.join(ORIGINS)}]", f"mixes.bases=[16x1x2, {GONE}more]"],
    "real-scores": [f"tables.rewardmath={GONE}math", f"tables.alpaca_eval={GONE}alpaca"],
}


@pytest.fixture(scope="module")
def values(root):
    """Scales at which every path is wrong."""
    return {
        scale: compose([f"scale={scale}", *words], root / "params")
        for scale, words in WORDS.items()
    }


@pytest.fixture(scope="module")
def params(values):
    return {scale: build(Params, of_scale, scale) for scale, of_scale in values.items()}


@pytest.fixture
def project(tmp_path, root, monkeypatch):
    shutil.copy(root / "dvc.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("scale", "name", "parameter", "path"),
    [
        ("real-hh", "data", "data.name", "pairs"),
        ("real-hh", "base", "model.base", "base"),
        ("real-more", "source-first", "mixes.origins, source first", "first"),
        ("real-more", "mix-base-1", "mixes.bases", "more"),
        ("real-scores", "rewardmath", "tables.rewardmath", "math"),
        ("real-scores", "alpaca-eval", "tables.alpaca_eval", "alpaca"),
    ],
)
def test_whatever_is_watched_is_named_with_its_parameter(
    project, params, monkeypatch, scale, name, parameter, path
):
    monkeypatch.setattr(sys, "argv", ["inputs", name])
    with pytest.raises(DataError) as error:
        inputs.run(params[scale])
    said = str(error.value)
    assert said.startswith(
        f"{parameter}: {GONE}{path}: No such file or directory; correct the path"
    )
    assert not (project / "outputs").exists()


def test_the_stage_ends_in_one_line_without_a_traceback(project, values):
    write(values["real-hh"], project / "params.yaml")
    command = [sys.executable, "-m", "proxyreward.pipeline.stages.inputs", "data"]
    done = subprocess.run(command, cwd=project, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"inputs: data.name: {GONE}pairs: No such file")
    assert done.stderr.count("\n") == 1 and "traceback" not in done.stderr


@pytest.mark.parametrize(
    ("scale", "read", "parameter"),
    [
        (
            "real-hh",
            lambda params: write_bases(params, [params.model.base], False, None),
            "model.b",
        ),
        ("real-more", source_data.real, "mixes.origins, source first: /gone/first"),
        ("real-more", committee.load, "mixes.origins, source first: /gone/first"),
        (
            "real-more",
            lambda params: write_bases(params, params.mixes.bases, False, None),
            "mixes.bases: pretrained base /gone/more",
        ),
        ("real-scores", real_regret.run, "tables.rewardmath: /gone/math/"),
        ("real-scores", real_outputs.run, "tables.alpaca_eval: /gone/alpaca/"),
    ],
)
def test_what_reads_a_file_names_the_parameter_too(project, params, scale, read, parameter):
    with pytest.raises(DataError) as error:
        read(params[scale])
    assert str(error.value).startswith(parameter)


def test_pairs_of_one_source_are_named_by_data_name(project, root):
    found = build(Params, compose(["scale=real-hh", "data.name=/gone"], root / "params"), "scale")
    with pytest.raises(DataError, match=r"^data\.name: /gone: no such file"):
        data.run(found)


def test_sources_beside_responses_are_named_too(project, params, monkeypatch):
    monkeypatch.setattr(outputs_family, "golden_pairs", lambda *_: {"meta": []})
    found = SimpleNamespace(prompts=())
    with pytest.raises(DataError, match="^mixes.origins, source first: /gone/first: no such file"):
        outputs_family._sources(params["real-more"], found, np.zeros(0))
