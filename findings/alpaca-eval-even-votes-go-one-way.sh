#!/usr/bin/env bash
# alpaca_eval 0.6.6: where annotators are split evenly, the majority is always the same side.
#
# Expected: `AbsoluteScoringRule`, by which `Analyzer` (alpaca_eval/analyze.py) takes majorities
# unless told otherwise, gives "the random mode": two against two is a coin toss for each pair, so
# many such pairs have a win rate of about 50.
# Seen: one coin with a fixed seed for all (`_random_mode` in alpaca_eval/metrics/helpers.py). Every
# even split between 1 (the baseline) and 2 (the model) is a win of the model, whatever the order of
# votes, and every split between 1, 2 and a tie a win of the baseline: win rates of 100 and 0. So
# agreement with majorities of an even number of people is that with a constant in each split. One
# vote other than 1, 1.5 and 2, say 1.999, turns the mode into a median, here 1.4995.
# `SquaredScoringRule` gives 1.5. Ask odd numbers of people, or leave even splits out.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet alpaca_eval==0.6.6 numpy==2.4.6 pandas==3.0.1 scikit-learn==1.8.0
cat > check.py <<'PY'
from itertools import permutations

import numpy as np
import pandas as pd
from alpaca_eval.metrics import SCORING_RULES

rng = np.random.default_rng(0)
absolute, squared = SCORING_RULES["absolute"](), SCORING_RULES["squared"]()
for votes, seen, rate in (([1, 1, 2, 2], 2, 100), ([1, 1.5, 2], 1, 0)):
    table = pd.DataFrame(
        [(pair, vote) for pair in range(200) for vote in rng.permutation(votes)],
        columns=["pair", "preference"],
    )
    majority = table.groupby("pair")["preference"].aggregate(absolute.bayes_estimator)
    told = absolute.describe_head2head(majority)["win_rate"]
    print(f"200 pairs with votes {votes}: majority {majority.unique()}, win rate {told:.0f}")
    assert set(majority) == {seen} and told == rate
    orders = set(permutations(votes))
    assert {absolute.bayes_estimator(list(map(float, order))) for order in orders} == {seen}
    assert squared.bayes_estimator(votes) == 1.5
print("1 and 1.999:", absolute.bayes_estimator([1, 1.999]))
assert np.isclose(absolute.bayes_estimator([1, 1.999]), 1.4995)
PY
venv/bin/python check.py
echo "as described"
