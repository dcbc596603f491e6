#!/usr/bin/env bash
# statsmodels 0.15.0: `aggregate_raters` counts a missing rating as one more category, so raters who
# agree on everything that both saw get a Fleiss' kappa of about 0.
#
# Expected: NaN means "did not rate". It is left out of the counts, or refused: the docstring says
# that data which cannot be converted to integers raises, and NaN cannot.
# Seen: the categories are 0, 1 and nan. With five raters of whom two see each pair, every row holds
# three votes for nan: kappa is below 0 where the two always agree. Counted without them each row
# holds two votes, as Fleiss' kappa wants, and it is 1. With three raters, each right in 9 of 10
# cases, 0.3 of ratings missing at random bring kappa from 0.65 to 0.18. The sums of the rows are
# equal just because nan was counted, so the check of `fleiss_kappa` for unequal numbers of ratings,
# an AssertionError, does not fire.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet \
    statsmodels==0.15.0 numpy==2.4.6 pandas==3.0.1 scipy==1.17.1 krippendorff==0.9.0
venv/bin/python - <<'PY'
import krippendorff
import numpy as np
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

rng = np.random.default_rng(0)
truth = rng.integers(2, size=300)


def kappas(ratings):
    counts, categories = aggregate_raters(ratings)
    answers = ~np.isnan(categories)
    try:
        known = f"{fleiss_kappa(counts[:, answers]):.2f}"
    except AssertionError:
        known = "AssertionError"
    alpha = krippendorff.alpha(ratings.T, level_of_measurement="nominal")
    found = fleiss_kappa(counts)
    print(f"  categories {categories}, first row {counts[0]}")
    print(f"  kappa {found:.2f}, without nan {known}; Krippendorff's alpha {alpha:.2f}")
    return found, known, alpha, categories


print("two of five raters on each pair, who always agree")
seen = np.full((300, 5), np.nan)
for row, answer in zip(seen, truth):
    row[rng.choice(5, 2, replace=False)] = answer
found, known, alpha, categories = kappas(seen)
assert found < 0 and known == "1.00" and alpha == 1 and np.isnan(categories[-1])

print("three raters, right in 9 of 10 cases")
right = rng.random((300, 3)) < 0.9
votes = np.where(right, truth[:, None], 1 - truth[:, None]).astype(float)
whole = kappas(votes)
print("and 0.3 of their ratings missing")
found, known, alpha, _ = kappas(np.where(rng.random(votes.shape) < 0.3, np.nan, votes))
assert found < whole[0] - 0.3 and abs(alpha - whole[2]) < 0.1 and known == "AssertionError"
PY
echo "as described"
