#!/usr/bin/env bash
# pytrec_eval-terrier 0.5.11, and ir-measures 0.4.3 on top of it: scores are ranked in single
# precision, and those that become equal are ranked by the names of the documents.
#
# Expected: a run holds Python floats, so the response with the larger float comes first.
# Seen: probabilities of a confident reward model, 0.99999999 and 0.999999999, are one number in
# float32, where the steps below 1 are 6e-8 (trec_eval inside keeps scores so: its issue 34). Then
# the name that is later in the alphabet wins, whatever the scores say: the same two scores give RR
# 1 or 1/2 after renaming. Near 0 nothing is lost, so with P(bad) in place of P(good), or log-odds
# in place of probabilities, the measure changes although the order is the same. Steps of 1 above
# 16.7 million are lost too. Rank the responses first, and hand in minus the rank.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet pytrec_eval-terrier==0.5.11 ir-measures==0.4.3 numpy==2.4.6
venv/bin/python - <<'PY'
import ir_measures
import numpy as np
import pytrec_eval
from ir_measures import RR, Qrel, ScoredDoc, nDCG

SCALES = {
    "probability": lambda logit: 1 / (1 + np.exp(-logit)),
    "minus the other's": lambda logit: -1 / (1 + np.exp(logit)),
    "log-odds": lambda logit: logit,
}


def measures(best, other, scores):
    """Of one prompt, whose response `best` has the first score and is the better one."""
    run = dict(zip((best, other), map(float, scores)))
    evaluator = pytrec_eval.RelevanceEvaluator({"q": {best: 1, other: 0}}, {"recip_rank", "ndcg"})
    found = evaluator.evaluate({"q": run})["q"]
    again = ir_measures.calc_aggregate(
        [RR, nDCG], [Qrel("q", best, 1), Qrel("q", other, 0)],
        [ScoredDoc("q", name, score) for name, score in run.items()],
    )
    assert (found["recip_rank"], found["ndcg"]) == (again[RR], again[nDCG])
    return found["recip_rank"]


for low, high in ((2.0, 4.0), (18.0, 20.0)):
    for name, scale in SCALES.items():
        scores = [scale(high), scale(low)]
        assert scores[0] > scores[1]
        found = [measures("a", "b", scores), measures("b", "a", scores)]
        print(f"log-odds {high:g} over {low:g}, as {name:17}: RR {found[0]}, renamed {found[1]}")
        assert found == ([0.5, 1] if low == 18 and name == "probability" else [1, 1])
late = [measures("a", "b", [16777217, 16777216]), measures("b", "a", [16777217, 16777216])]
print("16777217 over 16777216: RR", *late)
assert late == [0.5, 1]
PY
echo "as described"
