"""Replicates: seeds of their own, a folder of their own, and nothing lost when one is killed."""

import dataclasses
import functools
import json
import os
from pathlib import Path

import pytest
import yaml

from proxyreward.files import file_hashes
from proxyreward.pipeline import replicates, run_elephant, run_others
from proxyreward.pipeline.experiment import ELEPHANT, REPLICATES, UNREAD, experiment
from proxyreward.pipeline.family import FamilyError, run_family
from proxyreward.pipeline.params import compose
from proxyreward.pipeline.schema import Params, watched
from proxyreward.pipeline.typed import build


@pytest.fixture
def params(root):
    return build(Params, compose(["scale=smoke", "replicates=3"], root / "params"), "params")


def train(params):
    """A stage that leaves a model and, in a file, its seed."""
    folder = Path("outputs") / params.scale / "family/item"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_text("large")
    (folder / "seed.txt").write_text(str(params.seed))
    (folder.parent.parent / ".family.lock").touch()


def evaluate(params):
    """A stage that reads what `train` left, and writes a table."""
    folder = Path("results") / params.scale / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    seed = Path(f"outputs/{params.scale}/family/item/seed.txt").read_text()
    (folder / "table.csv").write_text(f"{seed} {params.runner.backend} {params.replicates}\n")


def run(params, folder, *stages):
    items = replicates.items(params, REPLICATES)
    work = functools.partial(replicates.run_stages, stages=stages)
    return run_family(
        items, work, folder / "outputs/smoke/replicates", [], replicates.__name__,
        "sequential",
    )  # fmt: skip


def test_each_replicate_has_a_seed_and_a_folder_of_its_own(params, tmp_path):
    folders = run(params, tmp_path, train, evaluate)
    assert [folder.name for folder in folders] == ["001", "002"]  # the default run is number 0
    tables = [(folder / "results/smoke/evidence/table.csv").read_text() for folder in folders]
    assert tables == ["1 sequential 1\n", "2 sequential 1\n"]


def test_models_and_traces_of_processes_are_dropped(params, tmp_path):
    [first, _] = run(params, tmp_path, train, evaluate)
    left = {path.name for path in first.rglob("*") if path.is_file()}
    assert left == {"seed.txt", "table.csv", "spec.json", "files.json"}
    assert not list(tmp_path.rglob(".replicates/*"))


def test_more_replicates_add_only_what_is_missing(params, tmp_path):
    [first, second] = run(params, tmp_path, train, evaluate)
    before = file_hashes(first)

    def refuse(own):
        assert own.seed == 3, "this one was there"
        train(own)

    more = dataclasses.replace(params, replicates=4)
    assert len(run(more, tmp_path, refuse, evaluate)) == 3
    assert file_hashes(first) == before and second.is_dir()


def test_a_replicate_that_broke_off_goes_on_with_what_it_had(params, tmp_path):
    def broken(own):
        raise OSError("no space left")

    with pytest.raises(FamilyError, match="no space left"):
        run(params, tmp_path, train, broken)
    kept = tmp_path / "outputs/smoke" / ".replicates" / "001/outputs/smoke/family/item"
    assert (kept / "seed.txt").read_text() == "1"
    seen = []
    folders = run(
        params, tmp_path,
        lambda own: seen.append(Path(f"outputs/{own.scale}/family/item/seed.txt").is_file()),
        evaluate,
    )  # fmt: skip
    assert seen == [True, True] and len(folders) == 2


def test_a_local_base_is_found_from_the_folder_of_a_replicate(params, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").mkdir()

    def look(own):
        assert Path(own.model.base).is_dir() and Path(own.mixes.bases[0]).is_dir()
        assert own.mixes.bases[1] == "16x1x2"
        train(own)

    mixes = dataclasses.replace(params.mixes, bases=("./base", "16x1x2"))
    local = dataclasses.replace(
        params,
        replicates=2,
        model=dataclasses.replace(params.model, base="./base"),
        mixes=mixes,
        watched=watched(params.data, "./base", mixes, params.tables, os.path.isdir),
    )
    assert (
        replicates.items(local, REPLICATES)[0].params.model.base == "./base"
    )  # the same on every machine
    run(local, tmp_path, look, evaluate)


@pytest.mark.parametrize("family", [REPLICATES, ELEPHANT])
def test_what_does_not_decide_a_replicate_is_no_part_of_it(params, family):
    other = dataclasses.replace(
        params,
        replicates=9,
        findings=dataclasses.replace(params.findings, draws=3),
        runner=dataclasses.replace(params.runner, workers=7),
    )
    assert replicates.items(other, family)[:2] == replicates.items(params, family)
    told = dataclasses.asdict(replicates.items(params, family)[0])
    assert json.dumps(told) and str(Path.cwd()) not in json.dumps(told)


def test_what_one_paper_alone_reads_leaves_the_replicates_of_the_others(params):
    cleaning = dataclasses.replace(params.cleaning, records=7)
    aligned = dataclasses.replace(params.aligned, samples=9)
    rejection = dataclasses.replace(params.rejection, rounds=9)
    for changes, same in (
        ({"cleaning": cleaning}, REPLICATES),
        ({"aligned": aligned}, REPLICATES),
        ({"rejection": rejection}, ELEPHANT),
    ):
        other = dataclasses.replace(params, **changes)
        for family in (REPLICATES, ELEPHANT):
            alike = replicates.items(other, family) == replicates.items(params, family)
            assert alike is (family == same)
            assert (experiment(other, family) == experiment(params, family)) is (family == same)


@pytest.mark.parametrize(("family", "module"), [(REPLICATES, run_others), (ELEPHANT, run_elephant)])
def test_every_stage_that_a_family_needs_is_run_in_the_order_of_the_pipeline(root, family, module):
    names = [one.__name__.rpartition(".")[2] for one in module.STAGES]
    declared = yaml.safe_load((root / "dvc.yaml").read_text())["stages"]
    made = {name for name, one in declared.items()
            if any("outputs/${item.scale}" in str(out) for out in one["outs"])}  # fmt: skip
    unread = set(UNREAD[family])
    made -= {"real_cleaning", "real_outputs"}  # on real data, which have no replicates
    trained = {name for name in made if not unread & set(declared[name].get("params", []))}
    if family == REPLICATES:
        assert trained - {"inputs", REPLICATES, ELEPHANT} | {"evidence"} == set(names)
    seen = set()
    for name in names:
        needed = {dep.split("/")[2] for dep in map(str, declared[name]["deps"])
                  if dep.startswith("outputs/")}  # fmt: skip
        assert needed - {"inputs"} <= seen, name
        seen.add(name)
    read = {part.split(".")[0] for name in names for part in declared[name].get("params", [])}
    assert not read & unread
