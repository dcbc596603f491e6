#!/usr/bin/env bash
# evalica 0.4.2: where models were compared with a baseline only and nothing was tied, `newman`
# never settles, and what it returns depends on whether `limit` is even or odd.
#
# Expected: without ties Newman's model is that of Bradley and Terry, so `newman` and
# `bradley_terry` give the same scores; and more iterations do not hurt.
# Seen: for one model with 7 wins in 10 the default `limit` of 100 says that model and baseline are
# equal, 101 that the model is 5.4 times as strong; it is 2.3. Of three models, all better than the
# baseline, the first then lies below it. All scores are renewed at once from the old ones (`newman`
# in evalica/_pairwise.py), so those of two sides that only meet each other go back and forth;
# `bradley_terry` renews one after the other. The only sign is that `iterations` equals `limit`.
# Verdicts between two of the models make it settle.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet evalica==0.4.2 numpy==2.4.6 pandas==3.0.1 scipy==1.17.1
venv/bin/python - <<'PY'
import evalica
from evalica import Winner


def against_baseline(wins):
    models = [m for m in wins for _ in range(10)]
    winners = [Winner.X if k < won else Winner.Y for won in wins.values() for k in range(10)]
    return [models, ["base"] * len(models), winners]


def over_baseline(method, rows, **options):
    found = method(*rows, **options)
    told = (found.scores / found.scores["base"]).round(2).to_dict()
    print(f"{method.__name__:14} {options}  {told}, {found.iterations} iterations")
    return told, found.iterations


one, three = against_baseline({"m": 7}), against_baseline({"l": 6, "m": 7, "n": 8})
for rows in (one, three):
    for solver in ("pyo3", "naive"):
        truth, took = over_baseline(evalica.bradley_terry, rows, solver=solver)
        assert truth["m"] == 2.33 and took < 10
        for limit, wrong in ((100, 1.0), (101, 5.44), (1000, 1.0), (1001, 5.44)):
            told, took = over_baseline(evalica.newman, rows, limit=limit, solver=solver)
            assert told["m"] == wrong and took == limit
            assert rows is one or (told["l"] < 1) == (limit % 2 == 0)

# l and m also meet each other, and win once each
joined = [column + [more] * 2 for column, more in zip(three, ("l", "m", Winner.X))]
joined[2][-1] = Winner.Y
for limit in (1000, 1001):
    told, took = over_baseline(evalica.newman, joined, limit=limit)
    truth, _ = over_baseline(evalica.bradley_terry, joined)
    assert took < limit and all(abs(told[m] - truth[m]) < 0.02 for m in told)
PY
echo "as described"
