import numpy as np
import pytest
from matplotlib.colors import to_rgba
from tests.findings.mixtures import mixtures

from proxyreward.findings.core import replicates
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS
from proxyreward.findings.more.mixtures import FORMS, PAPER_FORM, STANDARD
from proxyreward.findings.more.more_rewards import measure, show
from proxyreward.metrics.outliers import outliers
from proxyreward.vocabulary import HH


@pytest.fixture(scope="module")
def mixes():
    return mixtures(pairs=40, orders=0)


@pytest.fixture(scope="module")
def shown(mixes, registry, tmp_path_factory):
    """Tables of three replicates as the notebook has them: written and read back."""
    return tables(mixes, registry, tmp_path_factory.mktemp("more_rewards"))


def tables(mixes, registry, folder):
    measured = measure.measures(mixes, registry)
    own = {"measures": measured, "means": measure.means(measured)}
    own |= {"contrasts": measure.contrasts(measured), "factors": measure.factors(mixes)}
    own["outliers"] = measure.outlying(mixes, registry)
    moved = {
        seed: {
            name: table.assign(value=table["value"] * (1 + seed / 20))
            for name, table in own.items()
        }
        for seed in range(3)
    }
    replicates.write(folder, 0, moved, "experiment")
    return {name: replicates.read(folder, name) for name in own}


def one(table, **keys):
    for name, value in keys.items():
        table = table[table[name] == value]
    [row] = table.itertuples()
    return row


def dots(axis, scheme):
    """Estimates that are drawn in the colour of a scheme, in the order of the lines."""
    colour = to_rgba(SCHEME_COLOURS[scheme])
    found = [c for c in axis.collections if len(c.get_offsets()) and c.get_label()[0] != "_"]
    return [c.get_offsets() for c in found if to_rgba(c.get_edgecolor()[0]) == colour]


def diamonds(axis, scheme):
    """The paper's values in the colour of a scheme."""
    colour = to_rgba(SCHEME_COLOURS[scheme])
    lines = [line for line in axis.lines if line.get_marker() == "D"]
    return [line.get_xdata() for line in lines if to_rgba(line.get_color()) == colour]


def test_each_base_and_test_set_has_its_line(mixes, shown):
    [axis] = show.plot_sizes(shown["measures"]).axes
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels == [f"{source.title()}\n{base}" for base in mixes.bases for source in HH]
    rows = shown["measures"].query(
        "metric == 'size' and scheme == 'more' and rewards == 'as trained'"
    )
    [places] = dots(axis, "more")
    np.testing.assert_allclose(places[:, 0], rows["estimate"])
    np.testing.assert_array_equal(np.round(places[:, 1] + 0.3), np.arange(6.0)[::-1])


def test_the_papers_values_stand_beside_the_base_of_their_table(shown, registry):
    _, means = show.plot_outliers(shown["outliers"], "by sign", scale_free=False).axes
    tables = (("more.table5", "Single"), ("more.table6", "Single"), ("more.table1", "Top"))
    expected = [
        registry.printed(table, source.title(), name)["pos_mean"]
        for table, name in tables
        for source in HH
    ]
    [positive] = [x for x in diamonds(means, "top") if min(x) > 0]
    np.testing.assert_allclose(positive, expected)
    _, free = show.plot_outliers(shown["outliers"], "by sign", scale_free=True).axes
    assert not diamonds(free, "top")
    first, second = show.plot_calibration(shown["measures"]).axes
    assert not diamonds(first, "more") and len(diamonds(second, "more")[0]) == 6


def test_points_of_a_box_plot_are_the_outliers_that_are_counted(mixes):
    axis = show.plot_boxes(mixes, "one box", 1).axes[3]  # second base, second test set
    counted = outliers(mixes.margin("more")[1, mixes.source == HH[1]], "one box")
    points = [line for line in axis.lines if line.get_marker() == "."]
    drawn = np.concatenate([p.get_ydata() for p in points if (p.get_xdata() == 2).all()])
    assert ((drawn > 0).sum(), (drawn < 0).sum()) == (
        counted.positive_count,
        counted.negative_count,
    )
    axis = show.plot_boxes(mixes, "by sign", 0).axes[0]
    ends = [box.get_path().get_extents().get_points()[:, 1] for box in axis.patches]
    assert len(ends) == 6
    for right, wrong in zip(ends[::2], ends[1::2], strict=True):
        assert (right >= 0).all() and (wrong <= 0).all()


def test_marks_of_the_scaled_rewards_lie_on_their_curves(mixes, shown):
    curves = measure.rescaled(mixes, mixes.middle, "helpful", 2.0 ** np.arange(-3, 2))
    fitted = show.scheme_factors(shown["factors"], mixes.middle, "helpful")["estimate"]
    paper = shown["measures"].query("metric == 'ece'")["paper"]
    figure = show.plot_rescaled(curves, fitted, paper, (STANDARD, PAPER_FORM))
    for axis, form in zip(figure.axes, (STANDARD, PAPER_FORM), strict=True):
        own = curves[curves["form"] == form].query("scheme == 'multitask' and factor == 1")
        marks = [line for line in axis.lines if line.get_marker() == "o"]
        trained, best = ((line.get_xdata(), line.get_ydata()) for line in marks)
        assert trained == (own["size"].item(), own["ece"].item())
        assert best[0] == pytest.approx(fitted["multitask"] * own["size"].item(), rel=1e-6)


def test_a_temperature_is_drawn_beside_the_rewards_as_trained(shown):
    figure, table = show.plot_temperature(shown["contrasts"]), shown["contrasts"]
    for axis, metric in zip(figure.axes, ("ece", "ece_paper", "log_loss"), strict=True):
        trained, scaled = dots(axis, "more")
        rows = table[table["metric"] == metric].groupby("rewards")["estimate"]
        np.testing.assert_allclose(trained[:, 0], rows.get_group("as trained"))
        np.testing.assert_allclose(scaled[:, 0], rows.get_group("one temperature"))
        assert (trained[:, 1] > scaled[:, 1]).all()


def test_growth_is_drawn_for_each_seed_and_their_mean(mixes):
    figure = show.plot_growth(measure.growth(mixes), window=1)
    assert [axis.get_title() for axis in figure.axes] == [f"Base {base}" for base in mixes.bases]
    first, second, mean = (line.get_ydata() for line in figure.axes[0].lines[:3])
    np.testing.assert_allclose(mean, (first + second) / 2)


def test_the_printed_numbers_stand_in_brackets(mixes, shown, registry):
    base, (table, _) = mixes.bases[-1], (shown["outliers"], shown["measures"])
    plain, in_sd = (
        show.outlier_table(table, shown["measures"], base, "by sign", free)
        for free in (False, True)
    )
    top, printed = plain.iloc[0], registry.printed("more.table1", "Helpful", "Top")
    ours = {"base": base, "source": "helpful", "scheme": "top", "reading": "by sign"}
    count, mean = (
        one(table, statistic=f"negative_{name}", **ours).estimate for name in ("count", "mean_sd")
    )
    assert top["ECE, paper"] == f"{printed['ece']:.3f}"
    assert top["Wrong: number"] == f"{count:.3g} ({printed['neg_count']})"
    expected = f"{mean:.2f} ({printed['neg_mean']:.2f})".replace("-", "−")
    assert in_sd.iloc[0]["Wrong: mean"] == expected
    same = [name for name in plain if not name.endswith("mean")]
    assert plain[same].equals(in_sd[same])


def test_the_temperature_table_has_the_factor_of_each_model(mixes, shown):
    table = show.temperature_table(shown["measures"], shown["factors"], mixes.middle)
    cells = table.set_index(["Test set", "Scheme"])["Factor 1/T"]
    for source in HH:
        for scheme, name, fitted_on in (("top", "Top", source), ("more", "MORE", "all")):
            row = one(shown["factors"], base=mixes.middle, scheme=scheme, source=fitted_on)
            assert cells[source.title(), name].startswith(f"{row.estimate:.2f} [{row.low:.2f}")


def test_forms_are_named_by_their_options_and_have_a_column_for_each_factor(mixes):
    assert len({show.form_name(form) for form in FORMS}) == len(FORMS)
    rescaled = measure.rescaled(mixes, mixes.middle, "helpful", (0.5, 1))
    cells = show.form_table(rescaled, "more")
    assert cells.columns.tolist() == ["ECE with", "× 0.5", "× 1"]
    first = rescaled.query("scheme == 'more' and form == 'standard' and factor == 0.5")
    name = "10 bins of equal mass, one order"
    assert cells.iloc[0].tolist()[:2] == [name, f"{first['ece'].item():.3f}"]


def test_figures_run_at_the_smallest_scale(registry, tmp_path):
    smoke = mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=3)
    small, base = tables(smoke, registry, tmp_path), smoke.middle
    for figure in (
        show.plot_sizes(small["measures"]),
        show.plot_outliers(small["outliers"], "one box", scale_free=False),
        show.plot_calibration(small["measures"]),
        show.plot_temperature(small["contrasts"]),
        show.plot_size_and_error(small["means"]),
        show.plot_boxes(smoke, "by sign", 0),
        show.plot_growth(measure.growth(smoke)),
        show.plot_reliability(measure.reliability_bins(smoke, base, "helpful", 0, 10, "width")),
    ):
        figure.canvas.draw()


def test_the_tally_counts_signs_and_intervals(shown):
    counts = show.tally(shown["contrasts"])
    rows = shown["contrasts"].query("metric == 'log_loss' and rewards == 'as trained'")
    assert counts.loc[("log_loss", "as trained"), "below"] == (rows["estimate"] < 0).sum()
    assert (counts["clear"] == 6).all()  # the replicates differ by a factor alone


def test_an_unknown_base_is_refused(mixes):
    assert show.chosen_base(mixes, "") == mixes.middle
    with pytest.raises(ValueError, match="base must be one of"):
        show.chosen_base(mixes, "8x1x1")
