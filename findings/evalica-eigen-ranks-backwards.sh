#!/usr/bin/env bash
# evalica 0.4.2: `eigen` gives the highest score to the item that loses most.
#
# Expected: the README lists it among the methods that rank items by their wins, and cites
# Bonacich's eigenvector centrality, where beating the strong counts most. So its order is about
# that of Bradley-Terry, of `pagerank` and of the shares of wins.
# Seen: it is that order reversed, with both solvers; `pairwise_frame` then foretells that the
# weakest item wins. The scores are the leading eigenvector of the *transposed* matrix of wins
# (`eigen` in evalica/_pairwise.py): an item is rated by those who have beaten it. Given the same
# verdicts with winners turned round, `eigen` returns what NumPy finds for the matrix of wins.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet evalica==0.4.2 numpy==2.4.6 pandas==3.0.1 scipy==1.17.1
venv/bin/python - <<'PY'
from itertools import permutations

import evalica
import numpy as np
from evalica import Winner

strength = {"good": 3, "fair": 2, "poor": 1}
rows = []
for one, other in permutations(strength, 2):  # wins go by strength
    wins = 30 * strength[one] // (strength[one] + strength[other])
    rows += [(one, other, Winner.X)] * wins
xs, ys, winners = zip(*rows)
turned = [Winner.Y] * len(rows)

order = {}
for method in ("bradley_terry", "pagerank", "average_win_rate", "eigen"):
    for solver in ("pyo3", "naive"):
        scores = getattr(evalica, method)(xs, ys, winners, solver=solver).scores
        order[method, solver] = list(scores.index)
        print(f"{method:16} {solver:5}", scores.round(3).to_dict())
best_first = ["good", "fair", "poor"]
for (method, _), found in order.items():
    assert found == (best_first[::-1] if method == "eigen" else best_first)

chance = evalica.pairwise_frame(evalica.eigen(xs, ys, winners).scores).loc["poor", "good"]
won = sum(row[:2] == ("poor", "good") for row in rows)
lost = sum(row[:2] == ("good", "poor") for row in rows)
print(f"poor beats good: {won} of {won + lost} seen, {chance:.0%} foretold from eigen")
assert chance > 0.5 > won / (won + lost)

wins = np.array([[sum(r[:2] == (a, b) for r in rows) for b in best_first] for a in best_first])
values, vectors = np.linalg.eig(wins)
right = np.abs(vectors[:, values.real.argmax()].real)
back = evalica.eigen(xs, ys, turned).scores[best_first].to_numpy()
print("NumPy, best first:", right.round(3), " eigen of the verdicts turned round:", back.round(3))
assert np.allclose(right, back, atol=1e-4)
PY
echo "as described"
