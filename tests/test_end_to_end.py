"""The whole pipeline at the smallest scale, in a copy of the tree: what a person would do with it.

One run of `make smoke`, then in the copy that it leaves: nothing to do, one parameter changed, and
a run killed in the middle. The tests go in order and share the copy, as each run costs time.
"""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest
import yaml

from proxyreward.findings.core import left_out
from proxyreward.findings.core.registry import load_registry

pytestmark = [pytest.mark.slow, pytest.mark.book]

# Without the cache of earlier runs, or the models would be fetched from there.
REPRO = ("dvc", "repro", "--no-run-cache")
RAN = re.compile(r"Running stage '([^'@]+)@?[^']*'")
MODELS = Path("outputs/smoke/reward_models")
RESULTS = Path("results/smoke")
MORE = ("conflict", "schemes", "rewards", "sources", "alignment")
ELEPHANT = ("cleaning", "rewards", "alignment", "judges")


def environment(tree):
    # Flags of an outer make would reach the inner one.
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    path = f"{sys.prefix}/bin{os.pathsep}{inherited['PATH']}"
    return inherited | {"PATH": path, "PYTHONPATH": str(tree / "src"), "OMP_NUM_THREADS": "1"}


def call(tree, *words):
    """Run a command in `tree`; returns what it printed."""
    done = subprocess.run(
        words,
        cwd=tree,
        env=environment(tree),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def results(tree):
    """Bytes of every result file but the run record, the only one that may vary, by path."""
    top = tree / RESULTS
    files = [path for path in top.rglob("*") if path.is_file() and path.name != "run.json"]
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in files}


def part(path):
    return path.split("/")[0]


@pytest.fixture(scope="module")
def tree(root, tmp_path_factory):
    """Copy of the project after `make smoke`, in the environment that runs the tests."""
    copy = tmp_path_factory.mktemp("smoke") / "copy"
    owned = [root / "params.yaml", root / "dvc.lock"]
    before = [path.read_bytes() for path in owned]
    call(root, "make", "smoke", f"SMOKE={copy}", f"VENV={sys.prefix}", "INSTALLED=")
    assert [path.read_bytes() for path in owned] == before
    return copy


@pytest.fixture(scope="module")
def first(tree):
    """Results of the first run, by path."""
    return results(tree)


def test_book_is_built(tree):
    assert (tree / "book/_build/html/index.html").is_file()


def test_results_are_complete(tree, first):
    findings = {f"finding{i}" for i in range(1, 6)} | {"rethinking_appendix"}
    findings |= {f"more_{name}" for name in MORE}
    findings |= {f"elephant_{name}" for name in ELEPHANT}
    tables = {"evaluation", "evidence", "ppo", "world", "sources", "mixes", "rejection"}
    tables |= {"proxies", "aligned"}
    assert findings | tables <= {part(path) for path in first}
    decided = {row["claim_id"] for row in json.loads(first["scorecard.json"])}
    assert {claim.id for claim in load_registry().claims()} <= decided
    record = json.loads((tree / RESULTS / "run.json").read_text())
    stages = yaml.safe_load((tree / "dvc.yaml").read_text())["stages"]
    names = [stage["matrix"].get("finding", [name]) for name, stage in stages.items()]
    on_real_data = {"real_cleaning", "real_regret", "real_outputs"}
    assert set(record["stages"]) == set(chain.from_iterable(names)) - on_real_data


def test_second_run_does_nothing(tree):
    said = call(tree, "dvc", "repro")
    assert "Data and pipelines are up to date" in said and not RAN.findall(said)


def test_one_reward_parameter_reruns_only_what_depends_on_it(tree, first):
    call(tree, "proxyreward", "params", "scale=smoke", "reward.l2=0.5")
    ran = set(RAN.findall(call(tree, "dvc", "repro")))
    assert {"reward_models", "scores", "ppo"} <= ran
    assert not ran & {"data", "policy", "samples", "world_card", "sources", "mixes", "rejection"}
    changed = {part(path) for path, content in results(tree).items() if content != first[path]}
    assert {"finding1", "evaluation"} <= changed and "world" not in changed


def test_killed_run_redoes_the_rest_and_ends_in_the_same_bytes(tree, first):
    """Back to the first parameters, and killed while the reward models are trained."""
    call(tree, "proxyreward", "params", "scale=smoke")
    finished = kill_in_training(tree)
    call(tree, *REPRO)
    assert {spec: spec.stat().st_mtime_ns for spec in finished} == finished
    assert results(tree) == first


def test_another_replicate_is_added_and_stays(tree, first):
    """Also where the next run does not ask for it: a reader's run, beside committed replicates."""
    call(tree, "proxyreward", "params", "scale=smoke", "replicates=2")
    ran = set(RAN.findall(call(tree, "dvc", "repro")))
    run_again = {"replicates", "elephant_replicates"}
    assert ran == run_again | {"rethinking", "more", "elephant", "controls", "scorecard"}
    both = results(tree)
    counts = {row["claim_id"]: row["n"] for row in json.loads(both["scorecard.json"])}
    for finding in left_out.PUBLISHED:  # where n counts no replicates
        for claim in load_registry().measured_by(finding):
            del counts[claim.id]
    assert max(counts.values()) == 2
    for family in run_again:
        assert not list((tree / "outputs/smoke" / family).rglob("*.safetensors"))
    wide = {name for name in both if both[name] != first.get(name)}
    settings = {f"{family}/settings.json" for family in run_again}
    wide -= {"scorecard.json", "comparisons.csv", *settings}
    assert {f"{part(name)}/replicates.json" for name in wide} <= wide
    for name in sorted(name for name in wide if name.endswith(".csv")):
        alone, table = (pd.read_csv(io.BytesIO(of[name]), dtype=str) for of in (first, both))
        assert list(table) == [*alone, "1"] and table[alone.columns].equals(alone), name
    call(tree, "proxyreward", "params", "scale=smoke")
    call(tree, "dvc", "repro")
    now = results(tree)
    assert {name for name in both if now[name] != both[name]} <= settings


def kill_in_training(tree):
    """Kill a run when some reward models are done; returns {their spec.json: time of writing}."""
    start = time.time_ns()
    run = subprocess.Popen(
        REPRO,
        cwd=tree,
        env=environment(tree),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    finished = {}
    while not finished or not list((tree / MODELS).glob(".*.partial-*")):
        assert run.poll() is None, "the run ended before it could be killed"
        time.sleep(0.02)
        times = {spec: spec.stat().st_mtime_ns for spec in (tree / MODELS).glob("[!.]*/spec.json")}
        finished = {spec: when for spec, when in times.items() if when > start}
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    return finished
