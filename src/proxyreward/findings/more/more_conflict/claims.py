"""What the claims of Figures 1, 3 and 7 of paper *more* compare.

In: the arrays of `conflict`. Out: quantities, by the names that the registry's criteria use. Called
by the `more_conflict` stage.
"""

import numpy as np

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Quantity
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_conflict.conflict import ALL, HARMLESS, Conflict
from proxyreward.findings.more.more_conflict.distributions import Distributions, rank_tests
from proxyreward.findings.more.more_conflict.tables import paper_raw
from proxyreward.findings.more.more_conflict.transfer import Transfer


def measure(conflict: Conflict, registry: Registry) -> dict[str, Quantity]:
    """Measure what the claims of Figures 1, 3 and 7 compare.

    Those of Figure 1 are about accuracies and take their mean over bases. Rewards have units of
    their own in each model, so those of Figures 3 and 7 take the middle base.
    """
    mixtures, middle = conflict.mixtures, conflict.transfers[conflict.mixtures.middle]
    pairs = _pairs(mixtures)
    return {
        **_accuracies(conflict.transfers[ALL], pairs, -paper_raw(registry, mixtures)),
        **_directions(middle, pairs),
        **_shapes(mixtures, conflict.harmless, pairs),
        "largest p of Kruskal and Wallis's test over test sources and seeds": Quantity(
            np.array([rank_tests(mixtures)["kruskal_p"].max()]), pairs
        ),
    }


def notes(conflict: Conflict) -> dict[str, str]:
    """What stands beside a criterion, by claim."""
    each = {base: transfer for base, transfer in conflict.transfers.items() if base != ALL}
    others = {base: transfer for base, transfer in each.items() if base != conflict.mixtures.middle}
    gains = {base: one.gain[0].diagonal().min() for base, one in each.items()}
    losses = {base: _elsewhere(one.loss[:, 1:])[0].mean() for base, one in each.items()}
    against = {base: (_oriented(one)[0] < 0).sum() for base, one in others.items()}
    reach = {base: np.ptp(one.mean[0, 1:], axis=0).min() for base, one in others.items()}
    friedman = rank_tests(conflict.mixtures)["friedman_p"].max()
    return {
        "more.fig1.c1": f"The smallest gain is {_listed(gains)}.",
        "more.fig1.c2": _note_below_raw(each, _pairs(conflict.mixtures)),
        "more.fig1.c3": f"The mean is {_listed(losses)}.",
        "more.fig3.c1": f"Of the other models, so many shift against it: {_listed(against)}.",
        "more.fig3.c2": _note_on_shapes(conflict.mixtures, conflict.harmless),
        "more.fig7.c1": "The test takes the models' margins as independent samples, though they "
        "are of the same pairs; Friedman's, which compares them pair by pair, gives p up to "
        f"{friedman:.2g}. The smallest range is {_listed(reach)}.",
    }


def _pairs(mixtures: Mixtures) -> int:
    return int((mixtures.source == HARMLESS).sum())


def _accuracies(transfer: Transfer, pairs: int, paper: np.ndarray) -> dict[str, Quantity]:
    """Accuracies of the model on each source, on its own source and on others."""
    names = transfer.sources
    found = {
        f"{name}: accuracy above Raw of its own model": Quantity(
            transfer.gain[:, k, k], pairs, float(paper[k])
        )
        for k, name in enumerate(names)
    }
    for k, d in transfer.elsewhere:
        gain, accuracy = transfer.gain[:, k, d], transfer.accuracy[:, 1 + k, d]
        found[f"{names[d]}: accuracy above Raw of the model on {names[k]}"] = Quantity(gain, pairs)
        found[f"{names[d]}: accuracy of the model on {names[k]}"] = Quantity(accuracy, pairs)
    mean = _elsewhere(transfer.loss[:, 1:]).mean(axis=1)
    return found | {"mean accuracy on other sources minus Top": Quantity(mean, pairs)}


def _directions(transfer: Transfer, pairs: int) -> dict[str, Quantity]:
    """Against the direction of the model on Harmless, whose own shift counts as positive."""
    return {
        f"{HARMLESS}: mean margin minus Raw of the model on {name}": Quantity(values, pairs)
        for name, values in zip(transfer.sources, _oriented(transfer).T)
        if name != HARMLESS
    }


def _shapes(mixtures: Mixtures, found: Distributions, pairs: int) -> dict[str, Quantity]:
    """Of the models on other sources than Harmless."""
    among = [rows for pair, rows in found.distance.items() if HARMLESS not in pair]
    sd = found.sd[:, 1:][:, [name != HARMLESS for name in mixtures.sources]]
    values = {
        "largest distance (Kolmogorov-Smirnov) of standardised margins": np.max(among, axis=0),
        "largest to smallest sd of rewards": sd.max(axis=1) / sd.min(axis=1),
    }
    return {
        f"{HARMLESS}, models on other sources: {name}": Quantity(rows, pairs, recentre=True)
        for name, rows in values.items()
    }


def _oriented(transfer: Transfer) -> np.ndarray:
    """Shifts on Harmless by model, counted positive in the direction of the model on Harmless."""
    place = transfer.sources.index(HARMLESS)
    shift = transfer.shift[:, :, place]
    return shift * (-1 if shift[0, place] < 0 else 1)


def _elsewhere(values: np.ndarray) -> np.ndarray:
    """Entries of different sources, (..., sources, sources) to (..., entries)."""
    return values[..., ~np.eye(values.shape[-1], dtype=bool)]


def _note_below_raw(transfers: dict[str, Transfer], pairs: int) -> str:
    """How many entries lie below raw, and by the binomial interval of each base's pairs."""
    accuracy = np.stack([transfer.accuracy[0] for transfer in transfers.values()])
    trained = _elsewhere(accuracy[:, 1:])
    raw = _elsewhere(np.broadcast_to(accuracy[:, :1], accuracy[:, 1:].shape))
    width = 1.96 * np.sqrt((trained * (1 - trained) + raw * (1 - raw)) / pairs)
    return (
        f"Of all {trained.size} entries (model, other source, base) {(trained < raw).sum()} lie "
        f"below raw, {(trained + width < raw).sum()} beyond the binomial interval of one run (95 "
        "%, normal approximation)."
    )


def _note_on_shapes(mixtures: Mixtures, found: Distributions) -> str:
    sd = dict(zip(mixtures.sources, found.sd[0, 1:]))
    del sd[HARMLESS]
    apart = max(rows[0] for pair, rows in found.distance.items() if HARMLESS in pair)
    return (
        f"Rewards are widest in the model on {max(sd, key=sd.get)}, narrowest in that on "
        f"{min(sd, key=sd.get)}. Distances from the model on {HARMLESS} reach {apart:.3g}."
    )


def _listed(values: dict[str, float]) -> str:
    return "; ".join(f"{value:.3g} on base {base}" for base, value in values.items())
