import json
import resource
import shutil
import subprocess
import sys
import threading
import time

import pytest

from proxyreward.pipeline import params
from proxyreward.pipeline.record import keep, stage


def read(results):
    return json.loads((results / "tiny" / "run.json").read_text())


def test_stages_are_merged_and_keys_sorted(tmp_path):
    for name in ("scores", "data"):
        with stage(name, "tiny", tmp_path):
            time.sleep(0.05)
    record = read(tmp_path)
    assert set(record["stages"]) == {"data", "scores"}
    assert 0.05 <= record["stages"]["data"]["seconds"] < 5
    text = (tmp_path / "tiny" / "run.json").read_text()
    assert text == json.dumps(record, indent=2, sort_keys=True) + "\n"
    assert [path.name for path in (tmp_path / "tiny").iterdir()] == ["run.json"]


def test_machine_and_versions(tmp_path):
    with stage("data", "tiny", tmp_path):
        pass
    record = read(tmp_path)
    assert record["machine"]["cores"] >= 1 and record["machine"]["memory_gb"] > 0
    assert record["versions"]["python"] == sys.version.split()[0]
    assert {"torch", "transformers", "scipy"} <= set(record["versions"])


def test_stages_that_end_at_once_are_all_recorded(tmp_path):
    def run(name):
        with stage(name, "tiny", tmp_path / "results"):
            ready.wait()

    names = [f"stage-{i}" for i in range(6)]
    ready = threading.Barrier(len(names))
    threads = [threading.Thread(target=run, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read(tmp_path / "results")["stages"]) == set(names)
    assert [path.name for path in (tmp_path / "results" / "tiny").iterdir()] == ["run.json"]


def test_memory_of_children_counts(tmp_path):
    # More than this process has ever held, which counts as well.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    hold = f"import time; block = bytearray({own + 150 * 2**20}); time.sleep(0.6)"
    with stage("idle", "tiny", tmp_path):
        pass
    with stage("parent", "tiny", tmp_path):
        subprocess.run([sys.executable, "-c", hold], check=True)
    stages = read(tmp_path)["stages"]
    assert stages["parent"]["peak_memory_mb"] > stages["idle"]["peak_memory_mb"] + 50


def test_failed_stage_is_not_recorded(tmp_path):
    with pytest.raises(ZeroDivisionError), stage("data", "tiny", tmp_path):
        raise ZeroDivisionError
    assert not (tmp_path / "tiny").exists()


@pytest.mark.parametrize("text", ["{half", "[]", "{}", '{"stages": 1}'])
def test_broken_record_stops_before_the_work(tmp_path, text):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "run.json").write_text(text)
    with pytest.raises(ValueError, match="run.json is no run record.*delete it"):
        with stage("data", "tiny", tmp_path):
            pytest.fail("the body ran")


def git(*words):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *words], check=True, capture_output=True)


def test_commit_and_dirt_of_what_decides_results(root, tmp_path, monkeypatch):
    shutil.copytree(root / "params", tmp_path / "params")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    seen = []

    def record():
        with stage("data", "tiny"):
            pass
        entry = read(tmp_path / "results")["stages"]["data"]
        seen.append((entry["commit"] and len(entry["commit"]), entry["dirty"]))

    record()
    git("init")
    git("add", "params")
    git("commit", "-m", "first")
    for words in (["scale=tiny"], ["scale=real-hh"], ["scale=tiny", "seed=1"]):
        params.write(params.compose(words))
        record()
    params.write(params.compose(["scale=tiny"]))
    (tmp_path / "params" / "note.yaml").write_text("# local")
    record()
    assert seen == [(None, None), (40, False), (40, False), (40, True), (40, True)]


def test_works_as_decorator(tmp_path):
    @stage("data", "tiny", tmp_path)
    def main():
        return 3

    assert main() == 3 and "data" in read(tmp_path)["stages"]


def test_a_run_that_kept_items_keeps_the_measured_cost(tmp_path):
    with stage("scores", "tiny", tmp_path):
        time.sleep(0.05)
    whole = read(tmp_path)["stages"]["scores"]
    with stage("scores", "tiny", tmp_path):
        keep(3)
    partial = read(tmp_path)["stages"]["scores"]
    assert partial["kept"] == 3 and partial["seconds"] == whole["seconds"] >= 0.05
    with stage("scores", "tiny", tmp_path):
        pass
    assert "kept" not in read(tmp_path)["stages"]["scores"]
