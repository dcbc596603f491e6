"""What every stage of a finding does, with a finding that reads one number."""

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest

from proxyreward.findings.core import replicates
from proxyreward.findings.core.quantity import measured
from proxyreward.pipeline import measuring
from proxyreward.pipeline.finished import SPEC, write_index
from proxyreward.pipeline.measuring import Measured
from proxyreward.pipeline.params import compose
from proxyreward.pipeline.schema import Params
from proxyreward.pipeline.typed import build
from proxyreward.pipeline.worker import FamilyError


def compute(params):
    """The number that lies where the finding is computed."""
    number = float((Path("results") / params.scale / "number.txt").read_text())
    return Measured(
        {"x": measured(number)},
        estimates={"twice": pd.DataFrame({"name": ["a"], "value": [2 * number]})},
        tables={"numbers": pd.DataFrame({"number": [number], "seed": [params.seed]})},
        files={"a.svg": "<svg/>"},
    )


@pytest.fixture
def default(root):
    return build(Params, compose(["scale=smoke"], root / "params"), "params")


@pytest.fixture
def project(default, tmp_path, monkeypatch):
    """A project with a default run and two replicates; runs the finding with other parameters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(measuring, "main", lambda name, run: run(current[0]))
    current = [default]
    places = {"": 10.0, "outputs/smoke/replicates/001": 11.0, "outputs/smoke/replicates/002": 12.0}
    for place, number in places.items():
        folder = tmp_path / place / "results/smoke"
        folder.mkdir(parents=True)
        (folder / "number.txt").write_text(str(number))
    listed(tmp_path, {"001": 1, "002": 2})

    def run(**changes):
        current[0] = dataclasses.replace(default, **changes)
        measuring.measure("toy", compute)
        return tmp_path / "results/smoke/toy"

    return run


def listed(top, seeds):
    folder = top / "outputs/smoke/replicates"
    write_index(folder, seeds)
    for name, seed in seeds.items():
        spec = {"spec": {"name": name, "params": {"seed": seed}}}
        (folder / name / SPEC).write_text(json.dumps(spec))


def values(folder):
    return replicates.quantities(folder)["x"].values.tolist()


def test_tables_are_those_of_the_default_run_and_what_is_repeated_has_all(project):
    folder = project()
    assert pd.read_csv(folder / "numbers.csv").values.tolist() == [[10, 0]]
    assert replicates.read(folder, "twice")[["estimate", "own"]].values.tolist() == [[22, 20]]
    assert (folder / "a.svg").read_text() == "<svg/>"
    assert values(folder) == [10, 11, 12]


def test_what_an_earlier_code_wrote_goes_and_replicates_that_are_not_here_stay(project, tmp_path):
    folder = project()
    (folder / "old.csv").touch()
    (folder / ".ipynb_checkpoints").mkdir()  # of somebody who looked at it
    listed(tmp_path, {})
    project()
    assert not (folder / "old.csv").exists() and values(folder) == [10, 11, 12]


def test_how_many_replicates_are_asked_for_and_on_what_machine_is_no_other_experiment(
    project, default, tmp_path
):
    folder = project()
    listed(tmp_path, {})
    project(replicates=7, runner=dataclasses.replace(default.runner, workers=3))
    assert values(folder) == [10, 11, 12]
    listed(tmp_path, {"001": 1})
    (tmp_path / "outputs/smoke/replicates/001/results/smoke/number.txt").write_text("13")
    project()
    assert values(folder) == [10, 13, 12]


def test_another_default_seed_takes_the_place_of_the_replicate_that_had_it(project):
    folder = project()
    (folder.parent / "number.txt").write_text("14")
    project(seed=2)  # the replicate of that seed still lies there
    assert values(folder) == [14, 10, 11]


def test_replicates_of_another_experiment_are_left_out(project, default, tmp_path, capsys):
    folder = project()
    listed(tmp_path, {})
    project(reward=dataclasses.replace(default.reward, l2=0.5))
    assert values(folder) == [10]
    assert "toy: left out are 2 replicates with other parameters" in capsys.readouterr().err


def test_a_replicate_that_cannot_be_measured_is_named(project, tmp_path):
    (tmp_path / "outputs/smoke/replicates/002/results/smoke/number.txt").unlink()
    with pytest.raises(FamilyError, match="in outputs/smoke/replicates/002: .*number.txt"):
        project()
