"""Claims of Figure 5, of Tables 1, 5 and 6, and of the finding that they serve: over-rewarding.

In: the replicates of `tables.compute`. Out: decisions for the scorecard. Called by the
`more_rewards` stage.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Decision, Part, decide_claim, estimated, exact
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import interval
from proxyreward.findings.more.more_rewards.growth import ALL_STEPS, SECOND_HALF
from proxyreward.findings.more.more_rewards.lookup import Found, minus
from proxyreward.findings.more.more_rewards.replicates import AS_TRAINED, READINGS, SCALED, SIDES
from proxyreward.findings.more.more_rewards.tables import TABLES, table_bases
from proxyreward.metrics.prediction import spearman
from proxyreward.metrics.resampling import Interval
from proxyreward.vocabulary import HH, MORE, MULTITASK, RAW, SINGLE, TOP

BASELINES = (TOP, MULTITASK)
SHARE, MEANS = "share", tuple(f"{side}_mean" for side in SIDES)
PAPERS = "the form that the paper seems to use (5 bins of equal width, both orders)"
_WORDS = {
    SHARE: "outliers in % of pairs",
    MEANS[0]: "mean positive outlier",
    MEANS[1]: "mean size of negative outliers",
}


def decide(replicates: Mapping[str, pd.DataFrame], registry: Registry) -> list[Decision]:
    """Decide the claims of the finding.

    Parameters
    ----------
    replicates : mapping of DataFrame
        Of `more_rewards.compute`.
    registry : Registry
        The paper's printed values.
    """
    found = Found(replicates, registry)
    small, middle, large = TABLES
    return [
        _extremes(found, "more.table1.c1", large, (SHARE,)),
        _extremes(found, "more.table1.c2", large, MEANS),
        _extremes(found, "more.table5.c2", small, (SHARE, *MEANS)),
        _extremes(found, "more.table6.c2", middle, (SHARE, *MEANS)),
        _calibration(found, "more.table1.c3", large),
        _calibration(found, "more.table5.c1", small),
        _calibration(found, "more.table6.c1", middle),
        _size(found, "more.fig5.c1", (TOP,)),
        _size(found, "more.fig5.c2", BASELINES),
        _growth(found),
        _size_and_error(found),
        _diversity(found),
    ]


def _extremes(e: Found, claim: str, table: str, statistics: Sequence[str]) -> Decision:
    """MORE has fewer, or smaller, outliers than both baselines on both test sets."""
    base = table_bases(e.bases)[table]

    def parts(reading: str, suffix: str = "") -> list[Part]:
        found = []
        for word in statistics:
            name = word if word == SHARE else word + suffix
            for source in HH:
                own = e.outliers(name, base, source, MORE, reading)
                for baseline in BASELINES:
                    gap = interval(own - e.outliers(name, base, source, baseline, reading))
                    text = f"{_WORDS[word]}, {source}, {minus(MORE, baseline)}"
                    found.append(estimated(text, gap, "below", 0.0))
        return found

    first, second = READINGS
    note = (
        f"Boxes are drawn {first}: {_tally(parts(first))}; with {second} {_tally(parts(second))}."
    )
    if statistics != (SHARE,):
        note += f" With means in sd of all margins {_tally(parts(first, '_sd'))}."
    printed = e.printed_gap(table, statistics[0], MORE, TOP)
    scope = f"Base {base}"
    return decide_claim(claim, parts(first), e.pairs, paper_value=printed, scope=scope, note=note)


def _calibration(e: Found, claim: str, table: str) -> Decision:
    """MORE has a lower ECE than both baselines on both test sets."""
    base = table_bases(e.bases)[table]
    parts, paper_form, scaled = (
        e.errors(base, MORE, BASELINES, "below", *options)
        for options in (("ece", AS_TRAINED), ("ece_paper", AS_TRAINED), ("ece", SCALED))
    )
    note = (
        f"{_other_form(parts, paper_form)} As trained {_tally(parts)}; with one temperature for "
        f"each reward model {_tally(scaled)}."
    )
    printed = e.printed_gap(table, "ece", MORE, TOP)
    return decide_claim(claim, parts, e.pairs, paper_value=printed, note=note)


def _size(e: Found, claim: str, baselines: Sequence[str]) -> Decision:
    """MORE has smaller reward differences, on every base and test set."""
    parts = []
    for base in e.bases:
        for source in HH:
            own = e.measure("size", base, source, MORE)
            for baseline in baselines:
                gap = interval(own - e.measure("size", base, source, baseline))
                text = f"mean |dr|, {base}, {source}, {minus(MORE, baseline)}"
                parts.append(estimated(text, gap, "below", 0.0))
    return decide_claim(claim, parts, e.pairs, note=f"In all, {_tally(parts)}.")


def _growth(e: Found) -> Decision:
    """The size of reward differences rises with the steps under the plain loss."""

    def parts(steps: str) -> list[Part]:
        found = []
        for base in e.bases:
            for scheme in (MULTITASK, SINGLE):
                trend = interval(e.frames["trends"].loc[base, scheme, steps].to_numpy())
                text = f"Spearman of step and mean |dr|, {base}, {SCHEME_NAMES[scheme]}"
                found.append(estimated(text, trend, "above", 0.0))
        return found

    def grown(base: str) -> str:
        last, first = (
            sum(e.measure("size", base, source, scheme) for source in HH)
            for scheme in (MULTITASK, RAW)
        )
        found = interval(last / first)
        return f"{found.estimate:.2f} [{found.low:.2f}, {found.high:.2f}] ({base})"

    note = (
        f"Over the second half of the steps {_tally(parts(SECOND_HALF))}. On the test pairs mean "
        f"|dr| of MultiTask over that of the untrained reward model is "
        f"{', '.join(grown(base) for base in e.bases)}. Single is the mean over sources; intervals "
        "resample steps and seeds; n counts the runs."
    )
    runs = len(e.bases) * int(e.sizes["seeds"]) * (1 + int(e.sizes["sources"]))
    return decide_claim("more.finding.overrewarding.c1", parts(ALL_STEPS), runs, note=note)


def _size_and_error(e: Found) -> Decision:
    """Across the schemes of a base accuracy stays while the ECE rises with the size of rewards."""
    base = table_bases(e.bases)[TABLES[1]]
    accuracy = e.means("accuracy", base)
    pairs = list(combinations(accuracy.T, 2))
    gaps = [interval(one - other, 1 - 0.05 / len(pairs)) for one, other in pairs]
    differ = sum(gap.low > 0 or gap.high < 0 for gap in gaps)

    def association(base: str, metric: str) -> Interval:
        return interval(spearman(e.means("size", base), e.means(metric, base)))

    text = "pairs of schemes whose accuracies differ beyond their interval"
    parts = [
        estimated("Spearman of mean |dr| and ECE", association(base, "ece"), "above", 0.0),
        exact(text, differ, "within", 0),
    ]
    paper = association(base, "ece_paper")
    others = [
        f"{association(other, 'ece').estimate:.2f} over {len(e.trained(other))} schemes on {other}"
        for other in e.bases
        if other != base
    ]
    note = (
        f"Means over Helpful and Harmless. Accuracies of schemes differ by up to "
        f"{np.ptp(accuracy[0]):.3f}; their intervals have level 1 - 0.05/{len(pairs)}. With the "
        f"ECE in {PAPERS} Spearman is {paper.estimate:.2f} [{paper.low:.2f}, {paper.high:.2f}]."
    )
    if others:
        note += f" Elsewhere it is {', '.join(others)}."
    scope = f"Base {base}, {accuracy.shape[1]} schemes"
    return decide_claim("more.finding.overrewarding.c2", parts, e.pairs, scope=scope, note=note)


def _diversity(e: Found) -> Decision:
    """MultiTask has a larger ECE and more outliers than Top, on every base and test set."""

    def outliers(reading: str) -> list[Part]:
        parts = []
        for base in e.bases:
            for source in HH:
                many, one = (
                    e.outliers(SHARE, base, source, scheme, reading) for scheme in (MULTITASK, TOP)
                )
                text = f"{_WORDS[SHARE]}, {base}, {source}, {minus(MULTITASK, TOP)}"
                parts.append(estimated(text, interval(many - one), "above", 0.0))
        return parts

    def errors(metric: str, rewards: str = AS_TRAINED) -> list[Part]:
        return [
            part
            for base in e.bases
            for part in e.errors(base, MULTITASK, (TOP,), "above", metric, rewards)
        ]

    standard, (first, second) = errors("ece"), READINGS
    note = (
        f"Of the ECE, {_tally(standard)}; with one temperature for each reward model "
        f"{_tally(errors('ece', SCALED))}. {_other_form(standard, errors('ece_paper'))} "
        f"Of the outliers, {_tally(outliers(first))}; with {second} {_tally(outliers(second))}."
    )
    printed = e.printed_gap(TABLES[0], "ece", MULTITASK, TOP)
    parts = [*standard, *outliers(first)]
    return decide_claim(
        "more.finding.overrewarding.c3", parts, e.pairs, paper_value=printed, note=note
    )


def _tally(parts: Sequence[Part]) -> str:
    """How many parts have the claimed sign."""
    right = sum(
        part.estimate > part.threshold
        if part.direction == "above"
        else part.estimate < part.threshold
        for part in parts
    )
    clear = sum(part.verdict == "reproduced" for part in parts)
    return f"{right} of {len(parts)} have the claimed sign, {clear} beyond their interval"


def _other_form(parts: Sequence[Part], other: Sequence[Part]) -> str:
    """Which differences change sign with the form of the ECE."""
    changed = [
        f"{second.name.removeprefix('ECE, ')} ({second.estimate:.3g})"
        for first, second in zip(parts, other)
        if np.sign(first.estimate) != np.sign(second.estimate)
    ]
    which = f"the sign differs for {'; '.join(changed)}" if changed else "no sign differs"
    return f"In {PAPERS} {which}."
