"""A copy of the project in which commands are started, ended and compared with a whole run.

In: the project as it lies here. Out: a copy with a Git repository of its own at one scale; faults
for what a run left behind or made otherwise than the reference, the first run.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import yaml
from benchmarks.campaign.common import Fault

from proxyreward.files import file_hashes
from proxyreward.pipeline import remains
from proxyreward.world.build import build

ROOT = Path(__file__).parents[2]
LEFT_OUT = """.git .venv .smoke outputs runs book/_build .dvc/cache .dvc/tmp .dvc/config.local
results/smoke""".split()
HTML = Path("book/_build/html")
COMMANDS = {
    # MAKE is what `make reproduce` then builds the book with, which is a command of its own here.
    "pipeline": f"make reproduce SCALE={{}} VENV={sys.prefix} INSTALLED= MAKE=true",
    "params": "proxyreward params scale={}",
    "book": "proxyreward book --scale {}",
}
PART = "part"
"""Scale whose pipeline has only the stages that work without the world's policies: a run of it
takes a tenth of the time, and goes through the same runner, record and lock file."""
PATIENCE = 60.0
"""Seconds that a run may take to end after a signal, and its workers after it."""


class Trial:
    """The copy, the processes seen in it, and the state that the first run left."""

    def __init__(self, folder: Path, scale: str) -> None:
        self.results = Path("results") / scale
        self.record = self.results / "run.json"
        self.made = (f"outputs/{scale}", f"results/{scale}", "book/_build")
        self.commands = {what: words.format(scale) for what, words in COMMANDS.items()}
        if scale == PART:  # the book shows whole scales alone
            del self.commands["book"]
        self.copy, self.log, self.scratch = folder / "copy", folder / "log", folder / "scratch"
        self.seen: set[int] = set()
        self.copy.mkdir()
        self.scratch.mkdir()
        kept_out = " ".join(f"--exclude=./{name}" for name in LEFT_OUT)
        pack = f"tar -c {kept_out} --exclude=__pycache__ --exclude=.*_cache . | tar -x -C"
        subprocess.run(f"{pack} '{self.copy}'", shell=True, check=True, cwd=ROOT)
        _write_part(self.copy)
        who = ["-c", "user.name=campaign", "-c", "user.email=campaign@localhost"]
        for words in (["init", "-q"], ["add", "--all"], ["commit", "-q", "-m", "Copy"]):
            subprocess.run(["git", "-C", str(self.copy), *who, *words], check=True)

    def make_reference(self) -> None:
        """Run all once and remember what it took and left."""
        self.seconds = {}
        for what in self.commands:
            start = time.monotonic()
            self.finish(what)
            self.seconds[what] = time.monotonic() - start
        self.names, self.told = self._names(), (self.copy / self.record).read_bytes()
        kept = [folder for folder in (self.results, HTML) if (self.copy / folder).is_dir()]
        self.expected = {folder: self._hashes(folder) for folder in kept}

    def start(self, what: str) -> psutil.Popen:
        """Start a command as the leader of a group of its own."""
        inherited = {key: text for key, text in os.environ.items() if not key.startswith("MAKE")}
        inherited["PATH"] = f"{sys.prefix}/bin{os.pathsep}{inherited['PATH']}"
        own = {"PYTHONPATH": str(self.copy / "src"), "TMPDIR": str(self.scratch)}
        with self.log.open("w") as log:
            return psutil.Popen(
                self.commands[what].split(),
                cwd=self.copy,
                env=inherited | own | {"OMP_NUM_THREADS": "1"},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def finish(self, what: str) -> None:
        """Run a command to its end, which must be a success."""
        run = self.start(what)
        while run.poll() is None:
            self.family(run)
            time.sleep(0.5)
        if run.returncode:
            said = self.log.read_text(errors="replace")[-1500:]
            raise Fault(f"rerun of {what} ended with {run.returncode}: {said}")

    def family(self, run: psutil.Popen) -> list[psutil.Process]:
        """The processes below a run."""
        try:
            found = run.children(recursive=True)
        except psutil.Error:
            return []
        self.seen |= {process.pid for process in [run, *found]}
        return found

    def wait_until_none_is_alive(self, after: str) -> None:
        """Wait for the end of all processes that work in the copy."""
        wait(lambda: not self.alive(), f"processes outlive {after}")

    def alive(self) -> list[psutil.Process]:
        """Processes that work in the copy."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def check(self, what: str) -> None:
        """Compare with the reference after a whole run of a command."""
        self.wait_until_none_is_alive(what)
        if other := self._names() ^ self.names:
            raise Fault(f"left over or missing after {what}: {sorted(other)[:10]}")
        # Pages show the record, which is that of the reference in rounds of the book only.
        for folder in (self.results, HTML) if what == "book" else (self.results,):
            hashes = self.expected[folder]
            if other := {name for name, _ in self._hashes(folder).items() ^ hashes.items()}:
                raise Fault(f"other bytes after {what}: {sorted(other)[:10]}")
        gone = {str(pid) for pid in self.seen if not remains.runs(pid)}
        shared = [entry.name for entry in Path("/dev/shm").iterdir()]
        left = [name for name in shared if gone & set(re.findall(r"\d+", name))]
        if what != "params":
            left += [path.name for path in self.scratch.glob("proxyreward*")]
        if left:
            raise Fault(f"shared memory or scratch left after {what}: {left[:5]}")

    def end_all(self) -> None:
        """Kill what still works in the copy."""
        for process in self.alive():
            process.send_signal(signal.SIGKILL)

    def _names(self) -> set[str]:
        tops = [self.copy / name for name in self.made]
        return {path.relative_to(self.copy).as_posix() for top in tops for path in top.rglob("*")}

    def _hashes(self, folder: Path) -> dict[str, str]:
        hashes = file_hashes(self.copy / folder)
        return {name: found for name, found in hashes.items() if name != self.record.name}

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            own = process.environ().get("PYTHONPATH", "").startswith(str(self.copy))
            return own and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            return False


def _write_part(copy: Path) -> None:
    """Write the scale `part` and its preference pairs, in the format of HH-RLHF."""
    made = build(training_prompts=1, pairs=300, bench_prompts=1, pool_prompts=1, seed=0).pairs
    rows = [
        {side: f"{pair.prompt} {getattr(pair, side)}" for side in ("chosen", "rejected")}
        for pair in made.itertuples()
    ]
    (copy / "pairs").mkdir()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (copy / "pairs/train.jsonl").write_text(text, encoding="utf-8")
    small = {
        "scale": PART,
        "worlds": [],
        "mixed": [],
        "data": {"source": "local", "name": "pairs/train.jsonl"},
        "tokenizer": {"vocab_size": 512},
        "reward": {"flip_rates": [0.0], "folds": 6, "architectures": [], "parts": 0},
    }
    text = "# @package _global_\n" + yaml.safe_dump(small, sort_keys=False)
    (copy / f"params/scale/{PART}.yaml").write_text(text, encoding="utf-8")


def wait(done: Callable[[], bool], why: str) -> None:
    """Wait until something is true; a `Fault` with the reason after a while."""
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise Fault(why)
        time.sleep(0.2)
