#!/usr/bin/env bash
# irrCAC 0.4.4: `CAC(.., weights="ordinal").krippendorff()` is not Krippendorff's ordinal alpha.
#
# Expected: `weights` choose the level of measurement, so "ordinal" gives what `krippendorff` calls
# `level_of_measurement="ordinal"`, just as "identity" gives its nominal alpha and "quadratic" its
# interval alpha, to all five digits, also with missing ratings.
# Seen: those two agree, the ordinal ones do not. Of two raters who give a 4 or a 5 to nearly all,
# and differ in half of the cases, irrCAC says 0.43, `krippendorff` -0.04. Krippendorff's distance
# between two grades grows with how often they and those between them were given; the weights here
# are Gwet's and count grades alone (`Weights.ordinal` in irrCAC/weights.py). So an "ordinal alpha"
# depends on the package; on other tables irrCAC's is the lower one.
# (The package asks for `coverage` below 7 and an old NumPy: give it an environment of its own.)
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet irrCAC==0.4.4 krippendorff==0.9.0 numpy==1.26.4 pandas==2.3.3
venv/bin/python -W ignore - <<'PY'
import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC

LEVELS = {"identity": "nominal", "quadratic": "interval", "ordinal": "ordinal"}


def both(ratings, weights):
    one = CAC(pd.DataFrame(ratings), weights=weights).krippendorff()["est"]["coefficient_value"]
    return one, krippendorff.alpha(ratings.T, level_of_measurement=LEVELS[weights])


pairs = [(5, 5)] * 18 + [(5, 4)] * 14 + [(4, 5)] * 2 + [(5, 3)] * 4 + [(1, 1), (1, 2)]
lower = [(3, 3)] * 24 + [(4, 4)] * 10 + [(3, 2)] * 2 + [(3, 1)] * 3 + [(2, 2)]
ratings = np.array(pairs, float)
third = np.where(np.arange(len(ratings)) % 3, ratings[:, 0], np.nan)
for name, given in (("two raters", ratings), ("and a third", np.c_[ratings, third])):
    for weights in LEVELS:
        one, other = both(given, weights)
        print(f"{name:11} {weights:9} irrCAC {one:.5f}, krippendorff {other:.5f}")
        if weights == "ordinal":
            assert one - other > 0.4
        else:
            assert abs(one - other) < 1e-5
one, other = both(np.array(lower, float), "ordinal")
print(f"other table ordinal   irrCAC {one:.5f}, krippendorff {other:.5f}")
assert one < other - 0.2
PY
echo "as described"
