import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from distributed import LocalCluster

from proxyreward.pipeline import cluster
from proxyreward.pipeline.closure import SOURCE
from proxyreward.pipeline.family import FamilyError, run_family

MODULE = "proxyreward.pipeline.closure"


@dataclass(frozen=True)
class Item:
    name: str
    losses: int = 0


def work(item: Item, folder: Path) -> None:
    """Lose `item.losses` workers in the middle of the work, then finish."""
    (folder / "begun.txt").write_text(item.name)
    tally = folder.parent.parent / f"losses-{item.name}"
    lost = len(tally.read_text()) if tally.exists() else 0
    if lost < item.losses:
        tally.write_text("x" * (lost + 1))
        os.kill(os.getpid(), signal.SIGKILL)
    (folder / "result.txt").write_text(item.name * 3)


def run(items, directory, backend="dask"):
    return run_family(items, work, directory, [], MODULE, backend)


def contents(directory):
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def start(monkeypatch):
    """Start a scheduler, with workers as asked for."""
    clusters = []

    def local(**options):
        clusters.append(LocalCluster(dashboard_address=None, **options))
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", clusters[0].scheduler_address)
        return clusters[0].scheduler

    yield local
    for each in clusters:
        each.close()


@pytest.fixture
def two_workers(start, root):
    """A scheduler and two processes that work for it, each until it is lost."""
    scheduler = start(n_workers=0)
    command = [sys.executable, "-m", "dask", "worker", scheduler.address]
    processes = [
        subprocess.Popen(
            [*command, "--nthreads=1", "--no-nanny", "--no-dashboard"],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(SOURCE), str(root)])},
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    yield scheduler
    for process in processes:
        process.kill()
        process.wait()


def test_a_lost_worker_ends_neither_the_run_nor_what_is_finished(two_workers, tmp_path):
    items = [Item("whole"), Item("once", losses=1), Item("also")]
    run(items, tmp_path / "dask" / "f")
    found = contents(tmp_path / "dask" / "f")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "losses-once").write_text("x")  # lost already: no worker is lost here
    run(items, tmp_path / "here" / "f", "sequential")
    assert found == contents(tmp_path / "here" / "f")
    two_workers.allowed_failures = 0
    with pytest.raises(FamilyError, match="1 of 4 items failed.*\n.*  never: KilledWorker"):
        run([*items, Item("never", losses=9)], tmp_path / "dask" / "f")
    found.pop("index.json")  # the family is not finished any more
    assert contents(tmp_path / "dask" / "f") == found


def test_a_cluster_without_workers_is_not_waited_for(start, tmp_path, monkeypatch):
    start(n_workers=0)
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with pytest.raises(FamilyError, match="no worker for 0.5 s: start some.*--nthreads 1"):
        run([Item("a")], tmp_path / "f")


def test_a_worker_with_several_threads_is_refused(start, tmp_path):
    start(n_workers=1, threads_per_worker=2, processes=False)
    with pytest.raises(FamilyError, match="several threads.*start workers with --nthreads 1"):
        run([Item("a")], tmp_path / "f")


def test_no_scheduler(tmp_path, monkeypatch):
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    with pytest.raises(FamilyError, match="start one with `dask scheduler`"):
        run([Item("a")], tmp_path / "f")
    monkeypatch.setattr(cluster, "CONNECT", 0.5)
    for address in ("tcp://127.0.0.1:9", "nowhere"):
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        with pytest.raises(FamilyError, match=f"no dask scheduler answers.*{address}"):
            run([Item("a")], tmp_path / "f")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(FamilyError, match="pip install"):
        run([Item("a")], tmp_path / "f")
