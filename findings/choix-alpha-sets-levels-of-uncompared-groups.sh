#!/usr/bin/env bash
# choix 0.4.1: `alpha` of lsr_pairwise, ilsr_pairwise and mm_pairwise sets apart groups of items
# that were never compared with each other, and the more so the smaller it is.
#
# Expected: a small `alpha` only makes scores finite. Between two groups without a comparison
# nothing is known, so their mean scores should be equal, as opt_pairwise has them.
# Seen: in one group an item wins 3 of 4, in the other 2 of 2. With alpha = 0.01 the first group
# lies 1.2 to 1.8 logits above the second, with 1e-6 it is 5.7 to 6.4. An unbeaten item is not
# needed: a group that is even, 2 of 4, lies 0.14 above one that is 30 to 10, at any alpha. What
# these methods make equal is the mean of exp(score), so a group of wider scores sinks. Verdicts on
# pairs of responses form one such group for every prompt; fit each alone, or use opt_pairwise.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet choix==0.4.1 numpy==2.4.6 scipy==1.17.1
venv/bin/python - <<'PY'
import choix
import numpy as np

FITS = (choix.lsr_pairwise, choix.ilsr_pairwise, choix.mm_pairwise, choix.opt_pairwise)
unbeaten = [(0, 1)] * 3 + [(1, 0)] + [(2, 3)] * 2
beaten = [(0, 1)] * 2 + [(1, 0)] * 2 + [(2, 3)] * 30 + [(3, 2)] * 10


def between(fit, verdicts, alpha):
    scores = fit(4, verdicts, alpha=alpha)
    worth = np.exp(scores)
    alike = np.isclose(worth[:2].mean(), worth[2:].mean(), rtol=0.05)
    return scores[:2].mean() - scores[2:].mean(), alike


for name, verdicts in (("unbeaten", unbeaten), ("beaten", beaten)):
    for fit in FITS:
        gaps = {alpha: between(fit, verdicts, alpha)[0] for alpha in (1e-2, 1e-6)}
        told = ", ".join(f"{gap:.2f} (alpha {alpha:g})" for alpha, gap in gaps.items())
        print(f"{name:8} {fit.__name__:14} first group above the second by {told}")
        if fit is choix.opt_pairwise:
            assert max(map(abs, gaps.values())) < 0.01
        elif verdicts is unbeaten:
            assert 1 < gaps[1e-2] < 2 and gaps[1e-6] > 5 and between(fit, verdicts, 1e-6)[1]
        else:
            assert all(0.13 < gap < 0.16 for gap in gaps.values())
PY
