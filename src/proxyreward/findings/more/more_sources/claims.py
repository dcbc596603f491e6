"""What the claims of Figure 6 and of eq. 6-9 of paper *more* compare.

In: the arrays of `controls`. Out: quantities, by the names that the registry's criteria use. Called
by the `more_sources` stage.
"""

from itertools import pairwise

import numpy as np

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Quantity
from proxyreward.findings.more.mixtures import PAPER_FORM, STANDARD, interval
from proxyreward.findings.more.more_sources.controls import Controls
from proxyreward.findings.more.more_sources.curves import ECE, SCALED
from proxyreward.findings.more.more_sources.gradients import COMBINED, EQUAL
from proxyreward.findings.more.more_sources.tables import paper_top
from proxyreward.metrics.prediction import spearman
from proxyreward.vocabulary import HH, MULTITASK, MULTITASK_AS_IS


def measure(controls: Controls, registry: Registry) -> dict[str, Quantity]:
    """Measure what the claims of Figure 6 and of cancelling drifts compare, on the middle base."""
    shares = controls.shares
    association = shares.association(shares.gain[MULTITASK_AS_IS])
    dominance = "Spearman over sources of share and relative gain of MultiTask, sources as they are"
    found = _calibration(controls, registry) | _cancelling(controls)
    return found | {dominance: Quantity(association, len(shares.share))}


def notes(controls: Controls) -> dict[str, str]:
    """What stands beside a criterion, by claim."""
    return {
        "more.fig6.c1": _note_on_growth(controls),
        "more.fig6.c2": _note_on_top(controls),
        "more.finding.drift_cancel.c1": _note_on_lengths(controls),
        "more.finding.drift_cancel.c2": _note_on_shares(controls),
    }


def _calibration(controls: Controls, registry: Registry) -> dict[str, Quantity]:
    curves, mixtures = controls.curves[ECE], controls.mixtures
    paper, top = curves.added[:, 0], controls.alone[mixtures.middle]
    slopes, drops = associations(curves.counts, paper), paper[:, -1] - paper[:, 0]
    printed = paper_top(registry, len(mixtures.bases) // 2)
    found = {}
    for i, name in enumerate(HH):
        pairs, (more, own) = int((mixtures.source == name).sum()), printed[name]
        found |= {
            f"{name}: Spearman of K and the ECE": Quantity(slopes[:, i], pairs),
            f"{name}: ECE with all sources minus with two": Quantity(
                drops[:, i], pairs, recentre=True
            ),
            f"{name}: ECE with all sources minus Top": Quantity(
                top[:, i], pairs, more - own, recentre=True
            ),
        }
    return found


def _cancelling(controls: Controls) -> dict[str, Quantity]:
    norms = controls.norms
    steps, what = norms.steps * controls.mixtures.seeds, "relative length of the combined gradient"
    sources = dict(zip(norms.counts, norms.sources[COMBINED].T))
    parts = dict(zip(norms.counts, norms.parts[COMBINED].T))
    falls = {
        f"{more} sources: {what} minus that with {k}": sources[more] - sources[k]
        for k, more in pairwise(norms.counts)
    }
    lower = {
        f"{k} sources: {what} minus that of {k} random parts of one": sources[k] - parts[k]
        for k in norms.counts
    }
    return {name: Quantity(values, steps) for name, values in (falls | lower).items()}


def associations(counts: tuple[int, ...], values: np.ndarray) -> np.ndarray:
    """Spearman of K and values, shape (resamples, counts, 2), in every resample: (resamples, 2)."""
    rows = np.moveaxis(values, 1, -1)
    return spearman(np.broadcast_to(np.array(counts), rows.shape), rows)


def _note_on_growth(controls: Controls) -> str:
    curves = controls.curves[ECE]
    found = {
        f"in the mean over {curves.added.shape[1]} orders": curves.mean[0],
        "with a fixed total of pairs": curves.fixed[0],
        "after temperature scaling": controls.curves[SCALED].added[0, 0],
    }
    changes = {name: values[-1] - values[0] for name, values in found.items()}
    changes["in the paper's form"] = controls.forms[PAPER_FORM, ECE]["two"][0]
    told = "; ".join(f"{_pair(change)} {name}" for name, change in changes.items())
    return f"On Helpful, Harmless the ECE changes from two to all sources by {told}."


def _note_on_top(controls: Controls) -> str:
    found = {
        "in the paper's form": controls.forms[PAPER_FORM, ECE]["top"],
        "after temperature scaling": controls.forms[STANDARD, SCALED]["top"],
    }
    middle = controls.mixtures.middle
    found |= {f"on base {b}": values for b, values in controls.alone.items() if b != middle}
    told = "; ".join(f"{_pair(values[0])} {name}" for name, values in found.items())
    return f"On Helpful, Harmless it is {told}."


def _note_on_lengths(controls: Controls) -> str:
    equal, most = controls.norms.sources[EQUAL][0], controls.norms.counts[-1]
    return (
        f"With equal weights the lengths are {equal[0]:.2f} at K = 2 and {equal[-1]:.2f} at "
        f"K = {most}; orthogonal gradients of equal length would give {1 / np.sqrt(2):.2f} and "
        f"{1 / np.sqrt(most):.2f}."
    )


def _note_on_shares(controls: Controls) -> str:
    shares = controls.shares
    even = shares.gain[MULTITASK]
    change = shares.association(shares.gain[MULTITASK_AS_IS] - even)
    return (
        "Sources also differ in how hard they are: resampled to equal size the same Spearman is "
        f"{shares.association(even)[0]:.2f}. That of share and the change of the relative gain "
        "from equal size to sizes as they are is {:.2f} [{:.2f}, {:.2f}].".format(*interval(change))
    )


def _pair(values: np.ndarray) -> str:
    return ", ".join(f"{value:.3f}" for value in values)
