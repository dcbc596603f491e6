#!/usr/bin/env bash
# evalica 0.4.2: one item that has won all its games, or lost them all, makes the Bradley-Terry
# scores of *all* items equal.
#
# Expected: the score of an unbeaten item has no finite maximum, so it comes out very large, or the
# call fails. What is known about the others stays known.
# Seen: `bradley_terry` returns 1e-6 for every item, without error or warning. A model that was
# tried once, and lost, wipes out 2000 verdicts on four others, and `bootstrap` puts an interval of
# no width around each. In `newman` only one that won does so. 1e-6 is `tolerance`, which stands in
# for values that are no numbers (`nan_to_num` in evalica/_pairwise.py; the compiled solver does the
# same). Had the lone game been a draw, all would be well.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet evalica==0.4.2 numpy==2.4.6 pandas==3.0.1 scipy==1.17.1
venv/bin/python - <<'PY'
import evalica
import numpy as np
from evalica import Winner

rng = np.random.default_rng(0)
strength = {"a": 0.0, "b": 0.7, "c": 1.5, "d": -0.5}
rows = []
for _ in range(2000):
    one, other = map(str, rng.choice(list(strength), 2, replace=False))
    chance = 1 / (1 + np.exp(strength[other] - strength[one]))
    rows.append((one, other, Winner.X if rng.random() < chance else Winner.Y))


def scores(method, extra, **options):
    found = getattr(evalica, method)(*map(list, zip(*rows, *extra)), **options).scores
    return found.sort_index()


for method in ("bradley_terry", "newman"):
    for solver in ("pyo3", "naive"):
        known = scores(method, [], solver=solver)
        print(method, solver, known.round(2).to_dict())
        assert list(known.sort_values().index) == ["d", "a", "b", "c"]
        for name, winner in (("e lost once", Winner.Y), ("e won once", Winner.X)):
            told = scores(method, [("e", "a", winner)], solver=solver)
            print("  and", name, told.round(6).to_dict())
            spared = method == "newman" and winner is Winner.Y
            assert told["e"] == 1e-6 and (told == 1e-6).all() == (not spared)
            assert not spared or np.allclose(told[:4], known, rtol=0.01)
drawn = scores("bradley_terry", [("e", "a", Winner.Draw)])
print("e drew once", drawn.round(2).to_dict())
assert np.isclose(drawn["c"] / drawn["d"], known["c"] / known["d"], rtol=0.02)

columns = map(list, zip(*rows, ("e", "a", Winner.Y)))
found = evalica.bootstrap(evalica.bradley_terry, *columns, n_resamples=20, random_state=0)
width = (found.high - found.low)["c"]
print(f"width of the bootstrap's interval of c: {width}")
assert width == 0
PY
echo "as described"
