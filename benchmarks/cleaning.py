"""Time and memory of cleaning as many pairs as HH-RLHF has, by votes that are there already.

Pairs are made up with about the lengths of HH-RLHF; four annotators vote on each. Measured are the
two directions of the command `clean`, each in a process of its own: by votes, judged toxic by
nothing or by the classifier, or weighed as by Dawid and Skene (both of the extra `people`); and the
writing of tasks. Times are CPU seconds, hence those of one core; memory is the peak of the process.
The same with a tenth of the pairs tells what grows with them.

Run: OMP_NUM_THREADS=1 PYTHONPATH=src python benchmarks/cleaning.py
Writes benchmarks/cleaning.json.
"""

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from processor import processor

PAIRS, PEOPLE = 170_000, 4
WORDS = np.array("plums pears garden soup morning walk blue small kind letter the of a to".split())
TARGET = Path("benchmarks/cleaning.json")
RUNS = {
    "votes, no judge of toxicity": ["--votes", "votes.csv", "--toxic", "none"],
    "votes, classifier": ["--votes", "votes.csv", "--toxic", "classifier"],
    "votes, dawid-skene": "--votes votes.csv --toxic none --aggregate dawid-skene".split(),
    "tasks": ["--tasks", "label-studio"],
}


def write_input(folder: Path, pairs: int) -> None:
    """Write ``pairs.jsonl`` and ``votes.csv``."""
    rng = np.random.default_rng(0)
    lengths = rng.lognormal([3.9, 3.4, 3.4], 0.8, size=(pairs, 3)).astype(int) + 1
    with (folder / "pairs.jsonl").open("w") as lines, (folder / "votes.csv").open("w") as votes:
        votes.write("pair_id,annotator,choice\n")
        for line, sizes in enumerate(lengths, start=1):
            asked, chosen, rejected = (" ".join(WORDS[rng.integers(14, size=n)]) for n in sizes)
            prompt = f"\n\nHuman: {asked}\n\nAssistant: "
            record = {"chosen": prompt + chosen, "rejected": prompt + rejected}
            lines.write(json.dumps(record) + "\n")
            choices = np.array(["first", "second", "tie"])[rng.choice(3, PEOPLE, p=[0.6, 0.3, 0.1])]
            votes.writelines(f"{line},p{i},{choice}\n" for i, choice in enumerate(choices))


def measure(words: list[str], folder: Path) -> dict[str, float]:
    """CPU seconds and peak memory in MB of one command."""
    program = (
        "import resource, sys; from proxyreward.cli import main; code = main(sys.argv[1:]);"
        "used = resource.getrusage(resource.RUSAGE_SELF);"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024); sys.exit(code)"
    )
    pairs = ["clean", str(folder / "pairs.jsonl"), "--out", str(folder / "out")]
    words = [str(folder / word) if word == "votes.csv" else word for word in words]
    done = subprocess.run(
        [sys.executable, "-c", program, *pairs, *words], check=True, capture_output=True, text=True
    )
    seconds, memory = map(float, done.stdout.splitlines()[-1].split())
    return {"cpu_s": round(seconds, 1), "peak_mb": round(memory)}


def main() -> None:
    """Measure, print and write."""
    found = []
    for pairs in (PAIRS // 10, PAIRS):
        with tempfile.TemporaryDirectory() as name:
            write_input(Path(name), pairs)
            megabytes = round((Path(name) / "pairs.jsonl").stat().st_size / 2**20)
            for what, words in RUNS.items():
                row = {"what": what, "pairs": pairs, "input_mb": megabytes}
                found.append(row | measure(words, Path(name)))
                print(found[-1])
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, one thread",
        "annotators": PEOPLE,
        "runs": found,
    }
    TARGET.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
