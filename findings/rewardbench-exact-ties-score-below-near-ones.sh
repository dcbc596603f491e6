#!/usr/bin/env bash
# rewardbench 0.1.4: in the Ties subset of RewardBench 2, equal scores for equally good answers are
# worth less than scores that differ by 1e-12, and the best score is 1.01.
#
# Expected: of answers that are all right, the best a model can do is to score them alike, and well
# above the wrong ones; a share of 1 is the most.
# Seen: `process_single_model` (rewardbench/utils.py) adds 0.01 * tanh(margin / spread - 1). Where
# the spread of the right answers is 0 it leaves the prompt out of that mean, or adds 0 if all are
# so. Exact ties get 1.00, near ones 1.01, and a model that scores one of three right answers 80 %
# higher 1.002. It strikes judges that give whole grades, whose ties are exact: one bad prompt among
# a hundred costs their margins as much as a hundred bad ones would.
# (The functions are taken from the wheel as they stand: importing the package needs torch.)
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet numpy==2.4.6 datasets==5.2.0
venv/bin/pip install --quiet --no-deps rewardbench==0.1.4
cat > check.py <<'PY'
import ast
import math
from importlib.metadata import files

import numpy as np
from datasets import Dataset

(path,) = (f.locate() for f in files("rewardbench") if str(f) == "rewardbench/utils.py")
source = path.read_text()
taken = {"math": math, "np": np, "Dataset": Dataset}
for node in ast.parse(source).body:
    if getattr(node, "name", "") in ("sample_stats", "process_single_model"):
        exec(ast.get_source_segment(source, node), taken)


def overall(*tied, right=3):
    """Of prompts whose scores, those of right answers first, are given; references score 5 to 0."""
    rows = [{"id": f"ref:{n}", "scores": [5.0, 0.0], "num_correct": 1} for n in range(len(tied))]
    rows += [{"id": f"tied:{n}", "scores": s, "num_correct": right} for n, s in enumerate(tied)]
    return taken["process_single_model"](rows)[1]


exact, near, wide = [5.0, 5.0, 5.0, 0.0], [5.0, 5.0, 5 + 1e-12, 0.0], [5.0, 5.0, 9.0, 0.0]
found = [overall(exact), overall(wide), overall(near)]
print("exact ties {:.4f}, one 80 % higher {:.4f}, near ties {:.4f}".format(*found))
assert found[0] == 1 < found[1] < found[2] == 1.01

bad = [5.0, 5.0, 9.0, 4.9]
alone, among = overall(bad) - 0.6, overall(bad, *[exact] * 99)
print(f"what margins add: {alone:.4f} for a bad prompt, {among - 0.996:.4f} for one of 100")
assert math.isclose(alone, among - 0.996, abs_tol=1e-9) and alone < -0.007
PY
venv/bin/python check.py
echo "as described"
