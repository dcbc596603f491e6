#!/usr/bin/env bash
# crowd-kit 1.4.2: `NoisyBradleyTerry` climbs a gradient that is not that of its own likelihood.
#
# Expected: the gradient that is given to L-BFGS is the derivative of the loss beside it.
# Seen: it is right for the scores of all items but the last. Biases and skills of annotators are
# assigned, not summed, so that each holds the last comparison alone, and are written one place too
# low: the first annotator's bias stands where the last item's score belongs, and the last
# annotator's skill has none, so it stays what it was drawn to be. The search stops after a few
# steps; with a numerical gradient the same loss, from the same start, goes on falling.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet crowd-kit==1.4.2 numpy==2.4.6 pandas==3.1.1 scipy==1.17.1
venv/bin/python -W ignore - <<'PY'
import numpy as np
from crowdkit.aggregation import NoisyBradleyTerry
from scipy.optimize import approx_fprime, minimize

items, people, votes = 4, 3, 400
rng = np.random.default_rng(0)
scores = np.array([0.0, 1.0, 2.0, 3.0])
skill = np.array([0.95, 0.6, 0.3])  # else the annotator takes the left one in 9 of 10 cases
pairs = np.array([rng.choice(items, 2, replace=False) for _ in range(votes)])
who = rng.integers(people, size=votes)
fair = rng.random(votes) < 1 / (1 + np.exp(-(scores[pairs[:, 0]] - scores[pairs[:, 1]])))
left = np.where(rng.random(votes) < skill[who], fair, rng.random(votes) < 0.9)
chosen = np.where(left, pairs[:, 0], pairs[:, 1])
data = np.c_[pairs, chosen] + 1  # 0 is an item that regularises
given = (data, who, items, people, 1e-5)
loss, claimed = NoisyBradleyTerry._compute_log_likelihood, NoisyBradleyTerry._compute_gradient

at = rng.normal(size=1 + items + 2 * people)
names = ["(base)", *(f"score {i}" for i in range(items))]
names += [f"{kind} {i}" for kind in ("bias", "skill") for i in range(people)]
true, said = approx_fprime(at, loss, 1e-7, *given), claimed(at, *given)
for name, one, other in zip(names, said, true):
    print(f"{name:8} crowd-kit {one:9.3f}   numerical {other:9.3f}")
right = np.isclose(said, true, rtol=1e-3, atol=1e-3)
assert right[:items].all() and not right[items:].any()
assert said[-1] == 0 and abs(true[-1]) > 1

start = np.random.default_rng(1).random(len(at))
ends = {}
for name, jac in (("crowd-kit", claimed), ("numerical", None)):
    found = minimize(loss, start, args=given, jac=jac, method="L-BFGS-B")
    ends[name] = found.fun
    print(f"loss at the end with the gradient of {name}: {found.fun:.1f} after {found.nit} steps")
assert ends["crowd-kit"] > ends["numerical"] + 5
PY
echo "as described"
