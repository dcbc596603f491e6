"""`dvc.yaml` against the code: what a stage imports must be among its deps, or it goes stale."""

import re
from collections import defaultdict
from pathlib import PurePosixPath

import pytest
import yaml

from proxyreward.pipeline.closure import closure

ENTRY = re.compile(r"python -m (proxyreward\.pipeline\.stages\.\w+)")
LONGEST_ENTRY = 60


FINDING = "${item.finding}"


@pytest.fixture(scope="module")
def stages(root):
    """Stages by name; that of a paper once for each of its findings."""
    found = {}
    for name, stage in yaml.safe_load((root / "dvc.yaml").read_text())["stages"].items():
        for finding in stage["matrix"].get("finding", [name]):
            found[finding] = yaml.safe_load(yaml.safe_dump(stage).replace(FINDING, finding))
    return found


def paths(entries):
    """{path: options} of a list of deps or outs, in either of the two forms that DVC takes."""
    pairs = (entry if isinstance(entry, dict) else {entry: {}} for entry in entries)
    return {path.rstrip("/"): options for pair in pairs for path, options in pair.items()}


def module(stage):
    command = " ".join(stage["cmd"]) if isinstance(stage["cmd"], list) else stage["cmd"]
    return ENTRY.search(command).group(1)


def source_deps(stage):
    """Deps on code; other files below src are data that ship with the package."""
    deps = map(PurePosixPath, paths(stage["deps"]))
    return [dep for dep in deps if dep.parts[0] == "src" and dep.suffix in ("", ".py")]


def covers(dep, path):
    return dep == path or dep in path.parents


def imported(stage):
    return [PurePosixPath("src", path.as_posix()) for path in closure(module(stage))]


def test_every_stage_calls_a_stage_module(stages):
    assert stages and all(module(stage) for stage in stages.values())


def test_every_imported_file_is_a_dep(stages):
    missing = {
        name: [
            str(path)
            for path in imported(stage)
            if not any(covers(dep, path) for dep in source_deps(stage))
        ]
        for name, stage in stages.items()
    }
    assert not {name: files for name, files in missing.items() if files}


def together(stage):
    """The findings that share an entry of `dvc.yaml`, or the stage itself."""
    return str(stage["matrix"].get("finding", stage["cmd"]))


def test_every_source_dep_is_imported(stages):
    used = defaultdict(set)
    for stage in stages.values():
        used[together(stage)].update(imported(stage))
    idle = [
        f"{name}: {dep}"
        for name, stage in stages.items()
        for dep in source_deps(stage)
        if not any(covers(dep, path) for path in used[together(stage)])
    ]
    assert not idle


def test_a_finding_depends_on_no_other(stages):
    findings = {name: stage for name, stage in stages.items() if "finding" in stage["matrix"]}
    for name, stage in findings.items():
        for other in set(findings) - {name}:
            assert not any(dep.name == other for dep in source_deps(stage)), (name, other)


def test_deps_on_source_exist(stages, root):
    deps = {dep for stage in stages.values() for dep in paths(stage["deps"])}
    assert not [dep for dep in deps if dep.startswith("src/") and not (root / dep).exists()]


def test_results_stay_in_git_and_outputs_in_the_cache(stages):
    for name, stage in stages.items():
        for path, options in paths(stage["outs"]).items():
            expected = {"results": False, "outputs": True}[path.split("/")[0]]
            assert (options or {}).get("cache", True) is expected, f"{name}: {path}"


def test_entry_points_are_thin(stages, root):
    lengths = {
        name: len((root / "src" / f"{module(stage).replace('.', '/')}.py").read_text().splitlines())
        for name, stage in stages.items()
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_ENTRY} == {}


def test_plots_name_columns_that_the_tracked_results_have(root):
    plots = yaml.safe_load((root / "dvc.yaml").read_text())["plots"]
    templates = {path.stem for path in (root / ".dvc/plots").glob("*.json")}
    for plot in plots:
        [(name, options)] = plot.items()
        assert options["template"] in templates, name
        for path, column in options["y"].items():
            table = (root / path.replace("${scale}", "tiny")).read_text().splitlines()[0].split(",")
            assert {options["x"], column, "run", "rm"} <= set(table), name
