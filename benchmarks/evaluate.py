"""Time and memory of `proxyreward evaluate` on two million scores, beside plain pandas and SciPy.

A table of 20 models, 1,000 prompts and 100 responses is made up: a golden model, and others that
see its scores through more and more noise. Measured, each in a process of its own, are the command
with every model golden in turn (380 pairs of models) and with one golden model (19 pairs), the
former on twice the prompts too. Beside it `plain_evaluation.py` computes three of the measures with
pandas and SciPy, without intervals, curves, tiers, calibration and report, and
`package_evaluation.py` the same three by functions of the package. The plain script has one golden
model and three; what one more costs is their difference over two, and by this its time for all 20
follows.

Wall time depends on the processes, of which there is one a core for the command and one for the
plain script. CPU seconds are user and system together, of all processes. Memory is the highest sum
over the processes of a run, looked at 20 times a second; pages that they share count for each.

Run: PYTHONPATH=src python benchmarks/evaluate.py    (some minutes)
Writes benchmarks/evaluate.json.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import psutil
from processor import processor

MODELS, PROMPTS, RESPONSES = 20, 1000, 100
ROUNDS = 2
SOME = ["golden", "rm-07", "rm-13"]
PLAIN, PACKAGE = (
    str(Path(__file__).with_name(f"{name}_evaluation.py")) for name in ("plain", "package")
)
TARGET = Path(__file__).with_suffix(".json")
COMMAND = "import sys; from proxyreward.cli import main; sys.exit(main(sys.argv[1:]))"


def write_scores(path: Path, prompts: int) -> None:
    """Write a long CSV of scores, model after model."""
    rng = np.random.default_rng(0)
    names = ["golden", *(f"rm-{number:02}" for number in range(1, MODELS))]
    golden = rng.normal(size=prompts * RESPONSES)
    noise = [0.0, *np.linspace(0.3, 3, MODELS - 1)]
    scores = [golden + sd * rng.normal(size=golden.size) for sd in noise]
    ids = {
        "prompt_id": np.repeat([f"p{number}" for number in range(prompts)], RESPONSES),
        "response_id": np.tile([f"r{number}" for number in range(RESPONSES)], prompts),
    }
    frames = [pl.DataFrame({**ids, "model": n, "score": s}) for n, s in zip(names, scores)]
    pl.concat(frames).write_csv(path, float_precision=4)


def measure(command: list[str]) -> dict[str, float]:
    """Wall and CPU seconds of a command, and the peak memory of its processes in MB."""
    before, start, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0
    process = psutil.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, memory(process))
        time.sleep(0.05)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode not in (0, 2):  # 2: something alarming was found
        raise SystemExit(f"{command} ended with {process.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": round(wall, 1), "cpu_s": round(cpu, 1), "peak_mb": round(peak / 2**20)}


def memory(process: psutil.Process) -> int:
    """Resident bytes of a process and its children; 0 once they have ended."""
    try:
        family = [process, *process.children(recursive=True)]
        return sum(one.memory_info().rss for one in family)
    except psutil.Error:
        return 0


def run(what: str, prompts: int, command: list[str]) -> dict[str, object]:
    """Measure, print and tell."""
    rows = MODELS * prompts * RESPONSES
    found = {"what": what, "rows": rows, **measure(command)}
    print(found, flush=True)
    return found


def least(runs: list[dict], what: str, key: str, prompts: int = PROMPTS) -> float:
    """Of the rounds of a run, the least."""
    rows = MODELS * prompts * RESPONSES
    return min(one[key] for one in runs if (one["what"], one["rows"]) == (what, rows))


def ratios(runs: list[dict], key: str) -> dict[str, float]:
    """How many times as long the plain script takes, and what doubling the prompts multiplies."""
    one, three = (least(runs, f"plain, {count} golden", key) for count in (1, 3))
    plain = one + (MODELS - 1) * (three - one) / 2
    ours = {what: least(runs, f"evaluate, {what} golden", key) for what in ("each", "1")}
    twice = least(runs, "evaluate, each golden", key, 2 * PROMPTS)
    found = {"plain_each": plain, "plain_over_ours_each": plain / ours["each"]}
    found |= {"plain_over_ours_1": one / ours["1"], "twice_the_prompts": twice / ours["each"]}
    found["plain_over_package_each"] = plain / least(runs, "package, each golden", key)
    return {name: round(value, 2) for name, value in found.items()}


def main() -> None:
    """Measure in turn, print and write."""
    runs = []
    with tempfile.TemporaryDirectory() as name:
        files = {prompts: Path(name) / f"{prompts}.csv" for prompts in (PROMPTS, 2 * PROMPTS)}
        for prompts, file in files.items():
            write_scores(file, prompts)
        scores = str(files[PROMPTS])
        ours = ["-c", COMMAND, "evaluate", scores, "--out", f"{name}/out"]
        for _ in range(ROUNDS):
            runs.append(run("evaluate, each golden", PROMPTS, ours))
            runs.append(run("evaluate, 1 golden", PROMPTS, [*ours, "--golden", SOME[0]]))
            runs.append(run("plain, 1 golden", PROMPTS, [PLAIN, scores, SOME[0]]))
            runs.append(run("package, each golden", PROMPTS, [PACKAGE, scores]))
        runs.append(run("plain, 3 golden", PROMPTS, [PLAIN, scores, *SOME]))
        doubled = [str(files[2 * PROMPTS]) if part == scores else part for part in ours]
        runs.append(run("evaluate, each golden", 2 * PROMPTS, doubled))
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "models": MODELS,
        "responses": RESPONSES,
        "runs": runs,
        "wall": ratios(runs, "wall_s"),
        "cpu": ratios(runs, "cpu_s"),
    }
    TARGET.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: record[key] for key in ("wall", "cpu")}))


if __name__ == "__main__":
    main()
