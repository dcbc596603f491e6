#!/usr/bin/env bash
# arena-rank 0.1.1: the confidence interval of a newcomer with three wins and no loss has no width,
# and that of a newcomer with one tie is the narrowest of all.
#
# Expected: who was seen least has the widest interval, and one that never lost has no upper bound.
# Seen: beside three models with 200 battles each, a fourth that won its only three gets +- 0.0, at
# 2800 points above the next; one that tied its only battle +- 25, where the others get +- 25 to 39.
# The sandwich (`compute_hessian_and_covariance` in arena_rank/models/bradley_terry.py) takes noise
# from squared residuals, and a rating that fits its few battles perfectly leaves none: one tie says
# as much as fifty. By Fisher information one tie between equals leaves their difference at +- 680.
# Look at numbers of battles and of losses before intervals.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet arena-rank==0.1.1 jax==0.8.1 pandas==3.0.1 scipy==1.17.1
cat > check.py <<'PY'
import math

import numpy as np
import pandas as pd
from arena_rank.models.bradley_terry import BradleyTerry
from arena_rank.utils.data_utils import PairDataset

known = []
for one, other, wins in (("a", "b", 60), ("b", "c", 60), ("a", "c", 70)):
    known += [(one, other, "model_a")] * wins + [(one, other, "model_b")] * (100 - wins)


def fit(*newcomer):
    table = pd.DataFrame(known + list(newcomer), columns=["model_a", "model_b", "winner"])
    data = PairDataset.from_pandas(table)
    found = BradleyTerry(len(data.competitors)).compute_ratings_and_cis(data)
    half = (np.array(found["rating_upper"]) - np.array(found["rating_lower"])) / 2
    rating = dict(zip(data.competitors, map(float, found["ratings"])))
    return rating, dict(zip(data.competitors, map(float, half)))


won, tied, lost = ("new", "a", "model_a"), ("new", "a", "tie"), ("new", "a", "model_b")
cases = {
    "nobody new": [], "3 wins": [won] * 3, "3 wins, 1 loss": [won] * 3 + [lost],
    "1 tie": [tied], "50 ties": [tied] * 50,
}
found = {name: fit(*rows) for name, rows in cases.items()}
for name, (rating, half) in found.items():
    print(f"{name:15}", "  ".join(f"{m} {rating[m]:.0f} +- {half[m]:.1f}" for m in rating))
rating, half = found["3 wins"]
assert half["new"] < 0.1 and rating["new"] > max(rating[m] for m in "abc") + 2000
assert half["a"] > 30  # as before, though 200 battles say more than three
assert found["3 wins, 1 loss"][1]["new"] > 200
one, fifty = found["1 tie"][1], found["50 ties"][1]
assert one["new"] < min(one[m] for m in "abc")
assert math.isclose(one["new"], fifty["new"], rel_tol=0.02)
fisher = 1.96 * 2 * 400 / math.log(10)  # of new less a: one battle at even odds tells 1 / 4
print(f"one tie by Fisher information: +- {fisher:.0f}")
assert fisher > 20 * one["new"]
PY
JAX_PLATFORMS=cpu venv/bin/python check.py
echo "as described"
