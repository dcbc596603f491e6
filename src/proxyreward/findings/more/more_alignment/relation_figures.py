"""Figures of calibration against alignment, drawn from the tables of `tables.compute`.

In: those tables, fresh or read back. Out: closed matplotlib figures. Called by the notebook
`more_alignment`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES, canvas
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS, SCHEME_NAMES
from proxyreward.findings.more.more_alignment.figures import dots, legend_below
from proxyreward.findings.more.more_alignment.pool import ALIGNED, AS_IS, SCALED, TRAINED
from proxyreward.findings.more.more_alignment.rows import select
from proxyreward.vocabulary import MORE, MULTITASK, PPO, RAW, SINGLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OTHER, OTHER_COLOUR = "other recipes", "#CC79A7"
GROUPS = {
    OTHER: OTHER_COLOUR,
    SCHEME_NAMES[RAW]: SCHEME_COLOURS[RAW],
    SCHEME_NAMES[SINGLE]: SCHEME_COLOURS[SINGLE],
    SCHEME_NAMES[MULTITASK]: SCHEME_COLOURS[MULTITASK],
    SCHEME_NAMES[MORE]: SCHEME_COLOURS[MORE],
}


def plot_models(
    models: pd.DataFrame, candidates: pd.DataFrame, alignment: str = "utility"
) -> "Figure":
    """Alignment of every reward model against its ECE, as it is and after temperature scaling.

    Parameters
    ----------
    models, candidates : DataFrame
        Of `more_alignment.compute`, `reward_models` and `candidates`.
    alignment : {"utility", "oracle"}
    """
    figure, axes = canvas(4.2, 1, 2)
    group = _group(models["scheme"])
    chance = select(candidates, measure=alignment)["chance"].mean()
    for axis, (what, title) in zip(
        axes[0], {AS_IS: "as it is", SCALED: "one temperature each"}.items(), strict=True
    ):
        for name, colour in GROUPS.items():
            own = models[group == name]
            axis.plot(own[what], own[alignment], "o", color=colour, ms=5, alpha=0.8, label=name)
        axis.axhline(chance, color="black", linestyle="--", linewidth=1, label="any of the four")
        axis.set_title(title, fontsize=11, weight="normal")
        axis.set_xlabel("ECE (low is good)")
        axis.set_xlim(left=-0.005)
    axes[0, 0].set_ylabel(
        {"utility": "utility of the best of four", "oracle": "oracle on the best of four"}[
            alignment
        ]
    )
    legend_below(figure, axes[0, 0], 3)
    return figure


def plot_close_pairs(close: pd.DataFrame) -> "Figure":
    """Who wins in pairs of equal accuracy, against the difference in ECE.

    Parameters
    ----------
    close : DataFrame
        Of `more_alignment.compute`.
    """
    figure, axes = canvas(3.6)
    axis = axes[0, 0]
    decided = (close["win"] + close["lose"]).where(lambda count: count > 0)
    # Each pair is drawn once, the model with the lower ECE first.
    turned = close["ece"] < 0
    won = close["win"].where(~turned, close["lose"]) / decided
    agree = won > 0.5
    for chosen, colour, label in (
        (agree, SCHEME_COLOURS[SINGLE], "lower ECE wins"),
        (~agree, OTHER_COLOUR, "higher ECE wins, or neither"),
    ):
        axis.plot(abs(close["ece"])[chosen], won[chosen], "o", ms=4, alpha=0.6, color=colour,
                  label=label)  # fmt: skip
    fifths = pd.qcut(abs(close["ece"]), 5, labels=False, duplicates="drop")
    means = pd.DataFrame({"x": abs(close["ece"]), "y": won}).groupby(fifths).mean()
    axis.plot(means["x"], means["y"], "o-", color="black", label="mean of each fifth")
    axis.axhline(0.5, color="#5f6b7a", linewidth=1)
    axis.set_xlabel("difference in ECE")
    axis.set_ylabel("wins of the lower ECE\namong decided prompts")
    axis.legend(fontsize=9)
    return figure


def plot_coefficients(relations: pd.DataFrame, optimisers: pd.DataFrame) -> "Figure":
    """How accuracy and calibration go with alignment, by every way of optimising.

    Parameters
    ----------
    relations, optimisers : DataFrame
        Of `more_alignment.compute`; of `relations` the rows of one
        measure of alignment.
    """
    rows = {
        "rejection\nsampling": select(relations, pool=ALIGNED),
        "best of four,\nsame family": select(relations, pool=TRAINED),
    }
    for (optimiser, n), own in optimisers.groupby(["optimiser", "n"], sort=False):
        rows[f"{NAMES[PPO] if optimiser == PPO else f'best-of-{n}'},\nlabel flips"] = own
    quantities = {
        ("accuracy", ""): ("accuracy", "black", "o"),
        (AS_IS, ""): ("−ECE", SCHEME_COLOURS[MORE], "o"),
        (AS_IS, "accuracy"): ("−ECE given accuracy", SCHEME_COLOURS[MORE], "s"),
        (SCALED, ""): ("−ECE, scaled", SCHEME_COLOURS[MULTITASK], "o"),
        (SCALED, "accuracy"): ("−ECE, scaled, given accuracy", SCHEME_COLOURS[MULTITASK], "s"),
    }
    figure, axes = canvas(1.6 + 0.85 * len(rows))
    axis = axes[0, 0]
    height = np.arange(len(rows))[::-1].astype(float)
    shifts = np.linspace(0.3, -0.3, len(quantities))
    for shift, ((what, given), (name, colour, marker)) in zip(shifts, quantities.items()):
        told = pd.concat([select(own, what=what, given=given) for own in rows.values()])
        dots(axis, told, height + shift, colour, name, marker=marker, hollow=bool(given))
    axis.axvline(0, color="#5f6b7a", linewidth=1, zorder=0)
    axis.set_xlim(-1.05, 1.05)
    axis.set_yticks(height, list(rows))
    axis.set_xlabel("Spearman with alignment, 95 %")
    legend_below(figure, axis, 2)
    return figure


def _group(schemes: pd.Series) -> pd.Series:
    """What a scatter plot calls each scheme."""
    known = {scheme: SCHEME_NAMES[scheme] for scheme in (RAW, MULTITASK, MORE)}
    single = schemes.str.startswith(f"{SINGLE}-")
    return schemes.map(known).mask(single, SCHEME_NAMES[SINGLE]).fillna(OTHER)
