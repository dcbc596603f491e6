"""Claims of Figure 6 and of eq. 6-9 of paper *more*.

In: the arrays of `controls`. Out: decisions for the scorecard. Called by the `more_sources` stage.
"""

import numpy as np

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Decision, Part, conjunction, decide_claim, estimated
from proxyreward.findings.more.mixtures import PAPER_FORM, STANDARD, interval
from proxyreward.findings.more.more_sources.controls import Controls
from proxyreward.findings.more.more_sources.curves import ECE, SCALED
from proxyreward.findings.more.more_sources.gradients import COMBINED, EQUAL
from proxyreward.findings.more.more_sources.tables import paper_top
from proxyreward.metrics.prediction import spearman
from proxyreward.vocabulary import HH, MULTITASK, MULTITASK_AS_IS


def decide(controls: Controls, registry: Registry) -> list[Decision]:
    """Decide the claims of Figure 6 and of the cancelling of drifts, on the middle base."""
    return [
        _falls(controls),
        _below_top(controls, registry),
        _cancels(controls),
        _dominates(controls),
    ]


def _falls(controls: Controls) -> Decision:
    curves = controls.curves[ECE]
    paper, most = curves.added[:, 0], curves.counts[-1]
    slopes, drops = associations(curves.counts, paper), paper[:, -1] - paper[:, 0]
    parts = [
        estimated(f"Spearman of K and the ECE on {name}", interval(slopes[:, i]), "below", 0.0)
        for i, name in enumerate(HH)
    ] + [
        estimated(
            f"ECE on {name} with {most} sources minus with 2",
            interval(drops[:, i], recentre=True),
            "below",
            0.0,
        )
        for i, name in enumerate(HH)
    ]
    found = {
        f"mean over {curves.added.shape[1]} orders": curves.mean,
        "fixed total of pairs": curves.fixed,
        "after temperature scaling": controls.curves[SCALED].added[:, 0],
    }
    told = "; ".join(
        f"{name}: Spearman {_pair(associations(curves.counts, values[:1])[0], '.2f')}, change "
        f"{_pair(values[0, -1] - values[0, 0], '.3f')}"
        for name, values in found.items()
    )
    note = (
        "ECE of the mean over seeds, standard form, the paper's order of sources. On Helpful, "
        f"Harmless the controls give, with the change from 2 to {most} sources, {told}; the "
        f"paper's form: change {_pair(controls.forms[PAPER_FORM, ECE]['two'][0], '.3f')}."
    )
    return _decide("fig6.c1", controls, parts, note=note)


def _below_top(controls: Controls, registry: Registry) -> Decision:
    mixtures = controls.mixtures

    def parts(base: str) -> list[Part]:
        return [
            estimated(
                f"ECE on {name} with all {len(mixtures.sources)} sources minus top",
                interval(controls.alone[base][:, i], recentre=True),
                "below",
                0.0,
            )
            for i, name in enumerate(HH)
        ]

    rest = [base for base in mixtures.bases if base != mixtures.middle]
    others = "; ".join(f"{b}: {conjunction(part.verdict for part in parts(b))}" for b in rest)
    forms, more = controls.forms, paper_top(registry, len(mixtures.bases) // 2)
    note = (
        "On Helpful, Harmless in the paper's form "
        f"{_pair(forms[PAPER_FORM, ECE]['top'][0], '.3f')}, after temperature scaling "
        f"{_pair(forms[STANDARD, SCALED]['top'][0], '.3f')}. By the same criterion alone, base "
        f"{others}."
    )
    ours, top = more[HH[0]]
    return _decide("fig6.c2", controls, parts(mixtures.middle), note=note, paper_value=ours - top)


def _cancels(controls: Controls) -> Decision:
    norms = controls.norms
    sources, parts = norms.sources[COMBINED], norms.parts[COMBINED]
    falls = [
        estimated(
            f"relative length with {k + 1} sources minus with {k}",
            interval(sources[:, j + 1] - sources[:, j]),
            "below",
            0.0,
        )
        for j, k in enumerate(norms.counts[:-1])
    ]
    lower = [
        estimated(
            f"with {k} sources minus with {k} random parts of one",
            interval(sources[:, j] - parts[:, j]),
            "below",
            0.0,
        )
        for j, k in enumerate(norms.counts)
    ]
    equal, most = norms.sources[EQUAL][0], norms.counts[-1]
    note = (
        f"Mean over the first {norms.steps} steps, all that the shortest run has, over the orders "
        "of adding sources and over seeds; steps are resampled in blocks, seeds as a whole. With "
        f"equal weights the lengths are {equal[0]:.2f} at K = 2 and {equal[-1]:.2f} at K = {most}; "
        f"orthogonal gradients of equal length would give {1 / np.sqrt(2):.2f} and "
        f"{1 / np.sqrt(most):.2f}."
    )
    return decide_claim(
        "more.finding.drift_cancel.c1",
        [*falls, *lower],
        norms.steps * controls.mixtures.seeds,
        shown=lower[-1],
        scope=f"Base {controls.mixtures.middle}, n steps of all seeds",
        note=note,
    )


def _dominates(controls: Controls) -> Decision:
    shares = controls.shares
    part = estimated(
        "Spearman over sources of share and relative gain of MultiTask",
        interval(shares.association(shares.gain[MULTITASK_AS_IS])),
        "above",
        0.0,
    )
    even = shares.gain[MULTITASK]
    change = shares.association(shares.gain[MULTITASK_AS_IS] - even)
    note = (
        "Sources also differ in how hard they are. The same Spearman with sources resampled to "
        f"equal size: {shares.association(even)[0]:.2f}; of share and the change of the relative "
        "gain from equal size to sizes as they are: "
        "{:.2f} [{:.2f}, {:.2f}].".format(*interval(change))
    )
    return decide_claim(
        "more.finding.drift_cancel.c2",
        [part],
        len(shares.share),
        scope=f"Base {controls.mixtures.middle}, sources as they are, n sources",
        note=note,
    )


def associations(counts: tuple[int, ...], values: np.ndarray) -> np.ndarray:
    """Spearman of K and values, shape (resamples, counts, 2), in every resample: (resamples, 2)."""
    rows = np.moveaxis(values, 1, -1)
    return spearman(np.broadcast_to(np.array(counts), rows.shape), rows)


def _decide(
    claim: str, controls: Controls, parts: list[Part], note: str, paper_value: float = np.nan
) -> Decision:
    mixtures = controls.mixtures
    pairs = int(min((mixtures.source == name).sum() for name in HH))
    scope = f"Base {mixtures.middle}, {pairs} test pairs of each source"
    return decide_claim(
        f"more.{claim}", parts, pairs, scope=scope, note=note, paper_value=paper_value
    )


def _pair(values: np.ndarray, form: str) -> str:
    return ", ".join(f"{value:{form}}" for value in values)
