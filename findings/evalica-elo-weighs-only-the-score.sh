#!/usr/bin/env bash
# evalica 0.4.2: the `weights` of `elo` are no weights: a verdict of weight 0 costs both sides
# points.
#
# Expected, from "the example weights": a weight scales what a verdict changes, so that 0 leaves the
# ratings as they are, 1/2 is half the step, and the sum of all ratings stays what it was.
# Seen: the weight scales the score alone (`elo` in evalica/_pairwise.py), not the score that was
# expected: k * (w * s - e) in place of w * k * (s - e). Between equals a win of weight 0 takes k /
# 2 from either, and one of weight 1/2 leaves the winner where it was. Draws between equals pull
# both down for ever with w = 1/2, and up with w = 2. Other methods keep to the meaning.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet evalica==0.4.2 numpy==2.4.6 pandas==3.0.1 scipy==1.17.1
venv/bin/python - <<'PY'
import evalica
from evalica import Winner


def ratings(winner, weight, solver, times=1):
    columns = ["one"] * times, ["other"] * times, [winner] * times
    found = evalica.elo(*columns, weights=[weight] * times, solver=solver, k=4)  # 4 is its default
    return found.scores[["one", "other"]].round(3).tolist()


for solver in ("pyo3", "naive"):
    for weight, seen in ((1, [1002, 998]), (0.5, [1000, 998]), (0, [998, 998]), (2, [1006, 998])):
        told = ratings(Winner.X, weight, solver)
        print(f"{solver:5} a win of weight {weight}:", told)
        assert told == seen
    for weight, seen in ((1, [1000, 1000]), (0.5, [900, 900]), (2, [1200, 1200])):
        told = ratings(Winner.Draw, weight, solver, times=100)
        print(f"{solver:5} 100 draws of weight {weight}:", told)
        assert told == seen

rows = [("a", "b", Winner.X)] * 3
rows += [("a", "b", Winner.Y), ("b", "c", Winner.X), ("c", "a", Winner.X)]
more = [*rows, ("c", "a", Winner.X)]
for method in ("bradley_terry", "average_win_rate", "counting"):
    known = getattr(evalica, method)(*map(list, zip(*rows))).scores.sort_index()
    told = getattr(evalica, method)(*map(list, zip(*more)), weights=[1] * 6 + [0]).scores
    assert abs(known - told.sort_index()).max() < 1e-9, method
PY
echo "as described"
