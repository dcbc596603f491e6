"""Interruptions: pipeline, book and `params` end at random moments; a plain rerun must mend all.

Works in a copy of the project, at scale smoke or at one with a part of the stages. A first run that
is left alone gives the reference. Then, round after round, some stages lose results, a few runs are
interrupted (the group or one worker killed, SIGINT, SIGTERM; a third of them while a file is
written on which all depends, such as `dvc.lock`), and the same command is run once more. It must
succeed and leave the reference's files and bytes, no worker, no scratch folder and no shared memory
of a process that is gone.

Uses the environment of the running Python. A hundred take some hours on two cores at scale smoke,
and less than one on the part.

Run: python -m benchmarks.campaign.interruptions --count 100 --seed 1
     python -m benchmarks.campaign.interruptions --count 100 --seed 1 --scale part
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

import psutil
from benchmarks.campaign.common import Fault
from benchmarks.campaign.trial import PART, PATIENCE, Trial

from proxyreward.pipeline.mending import is_whole
from proxyreward.pipeline.params import load
from proxyreward.pipeline.typed import ConfigError

SHARE = {"pipeline": 6, "book": 2, "params": 1}
"""How often a round is one of these commands."""
LATEST = {"pipeline": 0.4, "book": 1.0, "params": 1.0}
"""Latest moment of an interruption, as a share of the time of the first run. Later runs of the
pipeline find most of its work done."""
WATCHED = {"pipeline": "dvc.lock", "book": "book/_build/html", "params": "params.yaml"}
CUT_OFF = "(dvc.lock cut off)"
MANY = 5
"""Faults that end the campaign: what one leaves behind may be the cause of the next."""


def interrupt(trial: Trial, what: str, random: Random, table: Counter[str]) -> None:
    """Start a command, end it at a random moment or while the watched file is written; count it."""
    aimed, watched = random.random() < 0.35, trial.copy / WATCHED[what]
    run = trial.start(what)
    end = time.monotonic() + random.uniform(0, LATEST[what] * trial.seconds[what] * (1 + aimed))
    before, writings = _written(watched), random.choice([1, 1, 2, 3])
    while run.poll() is None and time.monotonic() < end and writings:
        time.sleep(0.001 if aimed else 0.1)
        if aimed and (now := _written(watched)) != before:
            before, writings = now, writings - 1
    if run.poll() is not None:
        return
    how = f"{what}, {_end(trial, run, random)}"
    if not writings:
        how += f", {watched.name} being written"
    table[how] += 1
    trial.wait_until_none_is_alive(how)
    load(trial.copy / "params.yaml")
    table[CUT_OFF] += not is_whole(trial.copy / "dvc.lock")


def _written(path: Path) -> tuple[int, ...]:
    """What changes whenever a file is written, or a file in a folder moved."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _end(trial: Trial, run: psutil.Popen, random: Random) -> str:
    """End a run, or kill one of its workers and let it end itself; returns how."""
    workers = [process for process in trial.family(run) if "loky" in _words(process)]
    killed = ["worker killed"] * (2 * bool(workers))
    how = random.choice(["SIGKILL", "SIGKILL", "SIGINT", "SIGTERM", *killed])
    try:
        if how == "worker killed":
            random.choice(workers).kill()
        else:
            os.killpg(run.pid, signal.Signals[how])
        run.wait(900 if how == "worker killed" else PATIENCE)
    except (ProcessLookupError, psutil.NoSuchProcess):  # it ended by itself a moment before
        run.wait(900)
    except psutil.TimeoutExpired:
        raise Fault(f"a run did not end after {how}") from None
    return how


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def unfinish(trial: Trial, random: Random) -> None:
    """Take results away, whole stages or single items, so that there is something to do again."""
    # Or they would come from the cache.
    shutil.rmtree(trial.copy / ".dvc/cache/runs", ignore_errors=True)
    stages = sorted(path for name in trial.made[:2] for path in (trial.copy / name).glob("[!.]*/"))
    for folder in random.sample(stages, min(len(stages), random.randint(1, 3))):
        items = sorted(path for path in folder.iterdir() if (path / "spec.json").is_file())
        some = random.sample(items, len(items) // 2) if random.random() < 0.7 else []
        for path in some or [folder]:
            shutil.rmtree(path)


def holds(trial: Trial, what: str, times: int, random: Random, table: Counter[str]) -> bool:
    """Interrupt a command some times, run it to its end, and check what it left; print a fault."""
    try:
        _play(trial, what, times, random, table)
    except (Fault, ConfigError) as error:
        print(f"FAULT {what}: {error}")
        return False
    return True


def _play(trial: Trial, what: str, times: int, random: Random, table: Counter[str]) -> None:
    if what == "book":
        (trial.copy / trial.record).write_bytes(trial.told)
    for _ in range(times):
        if what == "pipeline" and random.random() < 0.6:
            unfinish(trial, random)
        interrupt(trial, what, random, table)
    trial.finish(what)
    trial.check(what)


def main() -> int:
    """Run the campaign; returns 1 if it found a fault."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=100, help="number of interruptions (100)")
    parser.add_argument("--seed", type=int, default=1, help="root of all that is random (1)")
    parser.add_argument("--scale", choices=("smoke", PART), default="smoke", help="of the copy")
    words = parser.parse_args()
    random, table, faults, done = Random(words.seed), Counter[str](), 0, 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder).resolve(), words.scale)
        try:
            trial.make_reference()
            while done < words.count and faults < MANY:
                shares = [SHARE[what] for what in trial.commands]
                (what,) = random.choices(list(trial.commands), shares)
                times = min(random.randint(1, 5), words.count - done)
                faults += not holds(trial, what, times, random, table)
                done = table.total() - table[CUT_OFF]
                print(f"{done} interruptions, {faults} faults", flush=True)
            if "book" in trial.commands:
                faults += not holds(trial, "book", 0, random, table)
        finally:
            trial.end_all()
    print(json.dumps(table, indent=2, sort_keys=True))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
