"""Tests of where the project and its results lie."""

import json
import math
import shutil

import pandas as pd
import pytest

from proxyreward.files import content_hash
from proxyreward.findings.core.verdict import COLUMNS
from proxyreward.notebooks.places import (
    NotFound,
    all_settings,
    as_recorded,
    comparisons,
    project_root,
    results_dir,
    run_record,
    scorecard,
    settings,
    settings_by_scale,
)
from proxyreward.pipeline.typed import ConfigError


@pytest.fixture()
def results(project):
    """results/tiny with what two stages ran with."""
    folder = project / "results" / "tiny"
    for stage, ran in {
        "data": {"seed": 3, "model": {"base": "scratch", "layers": 2}},
        "mixes": {"seed": 3, "model": {"layers": 2}, "mixes": {"folds": 7}},
    }.items():
        (folder / stage).mkdir()
        (folder / stage / "settings.json").write_text(json.dumps(ran))
    return folder


def test_root_is_found_upwards(project, monkeypatch):
    monkeypatch.delenv("PROXYREWARD_ROOT")
    monkeypatch.chdir(project / "results" / "tiny")
    assert project_root() == project


def test_no_root_is_an_error_with_remedy(tmp_path, monkeypatch):
    monkeypatch.delenv("PROXYREWARD_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFound, match="Remedy"):
        project_root()


@pytest.mark.parametrize("named", ["results", "gone"])
def test_a_root_that_is_none_is_an_error_with_remedy(project, monkeypatch, named):
    monkeypatch.setenv("PROXYREWARD_ROOT", str(project / named))
    with pytest.raises(NotFound, match=f"names .*{named}, where no dvc.yaml lies. Remedy"):
        project_root()


@pytest.mark.parametrize("scale", ["full", "../results/tiny", ""])
def test_missing_scale_names_those_that_exist(project, scale):
    with pytest.raises(NotFound, match="results for: tiny.*Remedy"):
        results_dir(scale)


@pytest.mark.parametrize("text", ["{", "[]", '{"stages": []}', '{"stages": {"a": 1}}', "[" * 9999])
def test_broken_record_names_its_file(project, text):
    (project / "results" / "tiny" / "run.json").write_text(text)
    with pytest.raises(NotFound, match=r"run\.json.*Remedy"):
        run_record("tiny")


def test_settings_are_those_of_the_run_whatever_params_say_now(project, results):
    (project / "params.yaml").write_text("mixes: {folds: 5}")
    assert settings("mixes", "tiny")["mixes"] == {"folds": 7}
    assert all_settings("tiny") == {
        "seed": 3,
        "model": {"base": "scratch", "layers": 2},
        "mixes": {"folds": 7},
    }


def test_settings_that_no_run_left_are_an_error_with_remedy(project):
    with pytest.raises(NotFound, match=r"evidence/settings\.json: no such file.*dvc repro"):
        settings("evidence", "tiny")
    assert all_settings("tiny") == {}


def test_a_scale_has_what_its_stages_ran_with_or_what_they_would_use(project, results, root):
    shutil.copytree(root / "params", project / "params")
    (results / "data" / "settings.json").write_text(json.dumps({"seed": 3, "world": {"pairs": 9}}))
    (project / "results" / "own").mkdir()
    with pytest.raises(ConfigError, match="own"):  # neither results nor a file
        settings_by_scale("own")
    found = settings_by_scale()
    planned = ["real-cleaning", "real-hh", "real-more", "real-scores", "smoke"]
    assert list(found) == [*(f"{name}, planned" for name in planned), "tiny"]
    assert found["tiny"] == {"seed": 3, "model": {"layers": 2}, "mixes": {"folds": 7}}
    parts = {"world", "reward", "mixes", "committee"}
    used = {name: parts & {*values} for name, values in found.items()}
    assert used["real-cleaning, planned"] == {"reward", "mixes", "committee"}
    assert used["real-hh, planned"] == {"reward"} and used["real-more, planned"] == {"mixes"}
    assert used["smoke, planned"] == {"world", "reward", "mixes"}


@pytest.mark.parametrize("damaged", [b"", b"[]", b"{\xff}"])
def test_damaged_settings_are_an_error_with_remedy(results, damaged):
    (results / "mixes" / "settings.json").write_bytes(damaged)
    with pytest.raises(NotFound, match="settings.json.*Remedy"):
        settings("mixes", "tiny")


def test_results_are_as_recorded_until_a_byte_of_them_changes(results):
    def record(stage, **entry):
        (results / "run.json").write_text(json.dumps({"stages": {stage: entry}}))

    record("world_card", folder="data", results=content_hash(results / "data"))
    assert as_recorded("world_card", "tiny")
    (results / "data" / "new.csv").write_text("a\n")
    assert not as_recorded("world_card", "tiny")
    record("data", commit="abc")
    assert not as_recorded("data", "tiny")
    assert not as_recorded("scores", "tiny")


@pytest.mark.parametrize(
    "rows",
    [
        {},
        ["a"],
        [{"verdict": "reproduced"}],
        [{"claim_id": "a", "verdict": "perhaps"}],
        [{"claim_id": "a", "verdict": "reproduced"}] * 2,
    ],
)
def test_a_damaged_scorecard_is_an_error_with_remedy(results, rows):
    (results / "scorecard.json").write_text(json.dumps(rows))
    with pytest.raises(NotFound, match="scorecard.json: .*`dvc repro`"):
        scorecard("tiny")


def test_comparisons_are_read_by_claim(results):
    assert comparisons("tiny") == {}
    row = ("c", 1, "7", 1, 0, 2, ">", 0, None, 0.95, 0.95, "holds", 4, 1, None)
    table, path = pd.DataFrame([row], columns=COLUMNS), results / "comparisons.csv"
    table.to_csv(path, index=False)
    [found] = comparisons("tiny")["c"].itertuples()
    assert found.quantity == "7" and found.estimate == 1 and math.isnan(found.margin)
    for damage in (table.drop(columns="n"), table.assign(sign=""), table.assign(paper="much")):
        damage.to_csv(path, index=False)
        with pytest.raises(NotFound, match=r"comparisons\.csv: .*Remedy"):
            comparisons("tiny")
    path.write_text("")
    with pytest.raises(NotFound, match=r"comparisons\.csv: No columns.*Remedy"):
        comparisons("tiny")
