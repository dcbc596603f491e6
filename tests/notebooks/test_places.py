"""Tests of where the project and its results lie."""

import pytest

from proxyreward.notebooks.places import NotFound, project_root, results_dir, run_record


def test_root_is_found_upwards(project, monkeypatch):
    monkeypatch.delenv("PROXYREWARD_ROOT")
    monkeypatch.chdir(project / "results" / "tiny")
    assert project_root() == project


def test_no_root_is_an_error_with_remedy(tmp_path, monkeypatch):
    monkeypatch.delenv("PROXYREWARD_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFound, match="Remedy"):
        project_root()


@pytest.mark.parametrize("scale", ["full", "../results/tiny", ""])
def test_missing_scale_names_those_that_exist(project, scale):
    with pytest.raises(NotFound, match="results for: tiny.*Remedy"):
        results_dir(scale)


def test_broken_record_names_its_file(project):
    (project / "results" / "tiny" / "run.json").write_text("{")
    with pytest.raises(NotFound, match=r"run\.json.*Remedy"):
        run_record("tiny")
