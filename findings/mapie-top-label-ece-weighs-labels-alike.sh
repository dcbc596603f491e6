#!/usr/bin/env bash
# mapie 1.6.0: `top_label_ece` is a mean over the labels that were predicted, however rare: ten rows
# of a thousand can make up half of it.
#
# Expected, as in the paper that its docstring cites (Gupta and Ramdas, arXiv:2107.08353): the mean
# over *rows* of the gap between confidence and accuracy, among rows of one label and confidence.
# Seen: the ECE of each label, summed and divided by the number of labels (`top_label_ece` in
# mapie/metrics/calibration.py). A judge says "first" 990 times with 0.8, and is right in 0.8, and
# "second" 10 times with 0.9, and is right in 0.4. By rows that is 10 / 1000 * 0.5 = 0.005; the
# function says 0.25, and 0 if the ten rows are left out. `expected_calibration_error` of "the top
# label was right" weighs rows alike.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet mapie==1.6.0 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
venv/bin/python - <<'PY'
import numpy as np
from mapie.metrics.calibration import expected_calibration_error, top_label_ece


def judged(label, confidence, rows, right):
    chances = np.full((rows, 2), 1 - confidence)
    chances[:, label] = confidence
    return chances, np.where(np.arange(rows) < right, label, 1 - label)


def by_rows(chances, labels):
    """Each label has one confidence here, so that this is the paper's formula in full."""
    top = chances.argmax(axis=1)
    total = 0.0
    for label in np.unique(top):
        mine = top == label
        gap = abs((labels[mine] == label).mean() - chances[mine, label].mean())
        total += mine.mean() * gap
    return total


often, seldom = judged(0, 0.8, 990, 792), judged(1, 0.9, 10, 4)
both = [np.concatenate(parts) for parts in zip(often, seldom)]
for name, (chances, labels), seen, wanted in (
    ("990 rows", often, 0, 0), ("10 rows", seldom, 0.5, 0.5), ("all 1000", both, 0.25, 0.005)
):
    found, right = top_label_ece(labels, chances, num_bins=10), by_rows(chances, labels)
    hits = (chances.argmax(axis=1) == labels).astype(int)
    plain = expected_calibration_error(hits, chances, num_bins=10)
    print(f"{name:9} top_label_ece {found:.3f}, over rows {right:.3f}, ECE of hits {plain:.3f}")
    assert np.allclose([found, right, plain], [seen, wanted, wanted], atol=1e-9)
PY
echo "as described"
