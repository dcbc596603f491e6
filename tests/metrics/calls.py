"""A valid call of every public function of the metrics, for tests that vary its arguments.

In: a generator. Out: the function with positional and keyword arguments that it accepts.
"""

import numpy as np

from proxyreward.metrics import (
    agreement,
    annotation,
    annotators,
    best_of_n,
    calibration,
    estimates,
    goodhart,
    judge,
    outliers,
    pairs,
    prediction,
    regret,
    scaling,
    testset,
    within_prompt,
)


def of(function, *make, **options):
    """A call whose arguments are made by functions of the generator, or stand as they are."""

    def call(rng):
        made = [each(rng) if getattr(each, "__name__", "") == "make" else each for each in make]
        return function, tuple(made), dict(options)

    return call


def normal(*shape):
    """Normal scores."""

    def make(rng):
        return rng.normal(size=shape)

    return make


def uniform(*shape):
    """Shares between 1/2 and 1."""

    def make(rng):
        return rng.uniform(0.5, 1, size=shape)

    return make


def wins(*shape):
    """Truth values."""

    def make(rng):
        return rng.random(shape) < 0.5

    return make


def answers(*shape):
    """Answers of a judge."""

    def make(rng):
        return rng.integers(-1, 2, size=shape)

    return make


def ballots(items, categories):
    """Four votes on each item."""

    def make(rng):
        return rng.multinomial(4, np.full(categories, 1 / categories), size=items)

    return make


def shares(resamples, prompts):
    """Resamples of prompts."""

    def make(rng):
        return goodhart.prompt_draws(prompts, resamples, rng)

    return make


def preferences(prompts, responses):
    """Outcomes of comparisons."""

    def make(rng):
        return annotation.noisy_preferences(rng.normal(size=(prompts, responses)), 1.0, rng)

    return make


def generator():
    """A generator of its own."""

    def make(rng):
        return np.random.default_rng(int(rng.integers(2**32)))

    return make


def tests(rng):
    """A test set of three reward models, eight prompts and six responses."""
    categories, sources = ["Chat", "Math"] * 4, ["blunt"] * 3 + ["timid"] * 3
    return testset.TestSet.of(rng.normal(size=(3, 8, 6)), categories, sources)


def method(name, *make, **options):
    """A call of a method of a test set."""
    return lambda rng: of(getattr(tests(rng), name), *make, **options)(rng)


def mixed(rng):
    """Two test sets to mix."""
    return of(tests(rng).mix, tests(rng), 0.5, generator())(rng)


def built(rng):
    """A test set by its attributes."""
    arrays = rng.normal(size=(1, 3, 8, 6)), rng.normal(size=(3, 8, 6))
    return of(testset.TestSet, *arrays, np.full(8, "Chat"), np.full(6, "blunt"))(rng)


SIDES = normal(2, 7, 5), normal(2, 7, 5)
ROWS = normal(12), normal(12)
SQUARES = normal(5, 5), normal(5, 5)
PLANES = normal(6, 16), normal(6, 16)
NS = [2, 4, 16]
CALLS = {
    "agreement.accuracy_matrix": of(agreement.accuracy_matrix, normal(3, 9, 2)),
    "agreement.pool_accuracy": of(agreement.pool_accuracy, normal(3, 9, 4)),
    "annotation.merge_sort": of(annotation.merge_sort, preferences(4, 5)),
    "annotation.noisy_order": of(annotation.noisy_order, normal(4, 5), 1.0, generator()),
    "annotation.noisy_preferences": of(
        annotation.noisy_preferences, normal(4, 5), 1.0, generator()
    ),
    "best_of_n.best_of_n": of(best_of_n.best_of_n, *PLANES, NS),
    "best_of_n.best_of_n_curves": of(best_of_n.best_of_n_curves, normal(3, 6, 16), NS),
    "best_of_n.kl_bound": of(best_of_n.kl_bound, NS),
    "best_of_n.weights": of(best_of_n.weights, 16, NS),
    "calibration.brier": of(calibration.brier, normal(3, 20)),
    "calibration.ece_floor": of(calibration.ece_floor, normal(3, 20), 4, "width", "both"),
    "calibration.ece": of(calibration.ece, *SIDES, bins=4, binning="mass", orientation="proxy"),
    "calibration.excess": of(calibration.excess, normal(3, 20), 4, "width", "both"),
    "calibration.inverse_temperature": of(calibration.inverse_temperature, normal(3, 20)),
    "calibration.log_loss": of(calibration.log_loss, normal(3, 20)),
    "calibration.pair_ece": of(calibration.pair_ece, normal(3, 20), 4, "width", "both"),
    "calibration.reliability": of(
        calibration.reliability, normal(3, 20), 4, "mass", "proxy", level=0.9
    ),
    "goodhart.accuracy_error": of(goodhart.accuracy_error, uniform(4), 500),
    "goodhart.accuracy_from_ratio": of(goodhart.accuracy_from_ratio, uniform(4)),
    "goodhart.accuracy_integral": of(goodhart.accuracy_integral, uniform(4)),
    "goodhart.correlation_error": of(goodhart.correlation_error, uniform(4), 500),
    "goodhart.correlation_from_accuracy": of(goodhart.correlation_from_accuracy, uniform(4)),
    "goodhart.degree_from_accuracy": of(goodhart.degree_from_accuracy, uniform(4)),
    "goodhart.degree_from_ratio": of(goodhart.degree_from_ratio, uniform(4)),
    "goodhart.matching_noise": of(goodhart.matching_noise, normal(30), uniform(4)),
    "goodhart.measured_degree": of(goodhart.measured_degree, *PLANES, NS, shares(9, 6)),
    "goodhart.prompt_draws": of(goodhart.prompt_draws, 6, 9, generator()),
    "goodhart.ratio_from_accuracy": of(goodhart.ratio_from_accuracy, uniform(4)),
    "goodhart.simulate_rewards": of(goodhart.simulate_rewards, 1.0, 0.5, (3, 4), generator()),
    "goodhart.simulated_accuracy": of(goodhart.simulated_accuracy, 1.0, 0.5, 50, generator()),
    "goodhart.simulated_best_of_n": of(goodhart.simulated_best_of_n, *PLANES, NS),
    "annotators.cohen_kappa": of(annotators.cohen_kappa, answers(12), answers(12)),
    "annotators.fleiss_kappa": of(annotators.fleiss_kappa, ballots(9, 3)),
    "annotators.krippendorff_alpha": of(annotators.krippendorff_alpha, ballots(9, 3)),
    "annotators.raw_agreement": of(annotators.raw_agreement, ballots(9, 3)),
    "judge.agreed": of(judge.agreed, answers(2, 12)),
    "judge.ask_twice": of(judge.ask_twice, judge.by_score, *ROWS),
    "judge.by_score": of(judge.by_score, *ROWS),
    "judge.disagreement": of(judge.disagreement, wins(2, 12)),
    "judge.flips": of(judge.flips, answers(2, 12)),
    "judge.outcomes": of(judge.outcomes, wins(2, 12)),
    "judge.tally": of(judge.tally, [1, 0, -1, 1]),
    "judge.win_rate": of(judge.win_rate, judge.Tally(8, 5, 2), level=0.9),
    "outliers.outliers": of(outliers.outliers, normal(3, 20), "one box"),
    "pairs.checked": of(pairs.checked, *SIDES),
    "pairs.flat": of(pairs.flat, normal(2, 7, 5)),
    "pairs.margins": of(pairs.margins, normal(2, 7, 5)),
    "pairs.pairs": of(pairs.pairs, 5),
    "pairs.ratio": of(pairs.ratio, normal(3, 4), normal(4)),
    "pairs.signs": of(pairs.signs, normal(2, 7, 5)),
    "prediction.associate": of(prediction.associate, *SQUARES),
    "prediction.by_golden": of(prediction.by_golden, "kendall", *SQUARES),
    "prediction.kendall": of(prediction.kendall, *ROWS),
    "prediction.mrr_chance": of(prediction.mrr_chance, 9),
    "prediction.off_diagonal": of(prediction.off_diagonal, normal(2, 5, 5)),
    "prediction.pearson": of(prediction.pearson, *ROWS),
    "prediction.reciprocal_rank": of(prediction.reciprocal_rank, *ROWS),
    "prediction.slope": of(prediction.slope, *ROWS),
    "prediction.spearman": of(prediction.spearman, *ROWS),
    "regret.golden_gain": of(regret.golden_gain, normal(4, 4, 3), normal(4)),
    "regret.ndr_matrix": of(regret.ndr_matrix, normal(4, 4, 3), normal(4)),
    "regret.normalised_drop_ratio": of(
        regret.normalised_drop_ratio, normal(4), normal(3, 4), normal(4)
    ),
    "estimates.mean_known": of(estimates.mean_known, normal(9)),
    "scaling.near_one": of(scaling.near_one, normal(3, 9), axes=2),
    "testset.TestSet": built,
    "testset.TestSet.annotate": method("annotate", 1.0, generator()),
    "testset.TestSet.at": method("at", [0, 3, 5]),
    "testset.TestSet.category": method("category", "Math"),
    "testset.TestSet.draw": method("draw", 3, generator(), prompts=5),
    "testset.TestSet.error": method("error", "xi", sort_by="golden"),
    "testset.TestSet.mix": mixed,
    "testset.TestSet.of": of(testset.TestSet.of, normal(3, 4, 2), ["Chat"] * 4, ["blunt", "timid"]),
    "testset.TestSet.rank_bins": method("rank_bins", 3, 0, 2, generator()),
    "testset.TestSet.source": method("source", "timid"),
    "within_prompt.across": of(
        within_prompt.across,
        within_prompt.xi,
        normal(3, 7, 5),
        normal(1, 4, 7, 5),
        sort_by="golden",
    ),
    "within_prompt.ndcg": of(within_prompt.ndcg, *SIDES, gain="exponential"),
    "within_prompt.xi": of(within_prompt.xi, *SIDES, sort_by="golden"),
} | {
    f"within_prompt.{name}": of(metric, *SIDES)
    for name, metric in within_prompt.METRICS.items()
    if name not in ("ece", "ndcg", "xi")
}
