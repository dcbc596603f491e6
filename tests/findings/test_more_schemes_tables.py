"""Tables of the training schemes against plain computations and the paper's printed values."""

import json

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures

from proxyreward.findings.more import more_schemes
from proxyreward.findings.more.mixtures import FORMS, PAPER_FORM, Draws
from proxyreward.findings.more.more_schemes import tables
from proxyreward.metrics.calibration import pair_ece

EFFECTS = {
    "multitask": Effect(0.7, 4 * calibrated(0.7)),
    "balanced": Effect(0.7, 4 * calibrated(0.7)),
    "public-code": Effect(0.4, calibrated(0.4)),
}


@pytest.fixture(scope="module")
def found():
    return mixtures(by_scheme(EFFECTS), pairs=300, bases=2, seeds=2, orders=0)


@pytest.fixture(scope="module")
def schemes(found):
    return more_schemes.Schemes(found, Draws.of(found, 60, np.random.default_rng(0)))


@pytest.fixture(scope="module")
def cells(schemes):
    return more_schemes.cells(schemes, schemes.fewer(20))


@pytest.fixture(scope="module")
def differences(schemes):
    keys = ["base", "first", "second", "metric", "scaled"]
    return more_schemes.differences(schemes, schemes.fewer(20)).set_index(keys).sort_index()


def test_cells_are_plain_means_over_seeds(cells, found):
    rows = cells.set_index(["base", "scheme", "source", "metric"]).sort_index()
    base, own = found.bases[0], found.source == "oasst"
    top = found.margin("single-oasst", base)[:, own]
    row = rows.loc[(base, "top", "oasst")]
    assert row.loc["accuracy", "estimate"] == pytest.approx((top > 0).mean())
    assert row.loc["size", "estimate"] == pytest.approx(abs(top).mean())
    assert row.loc["ece", "estimate"] == pytest.approx(np.mean([pair_ece(m) for m in top]))
    every = rows.xs((base, "top", "accuracy"), level=["base", "scheme", "metric"])["estimate"]
    assert every["mean"] == pytest.approx(every.drop("mean").mean())


def test_intervals_hold_their_estimates_and_controls_have_the_middle_base(cells, found):
    assert (cells["low"] <= cells["estimate"]).all() and (cells["estimate"] <= cells["high"]).all()
    bases = cells.groupby("scheme")["base"].unique()
    for scheme in tables.CONTROLS:
        assert list(bases[scheme]) == [found.middle]
    for scheme in ("raw", "top", "multitask", "more"):
        assert list(bases[scheme]) == list(found.bases)


def test_fewer_resamples_are_the_first_ones(schemes):
    asked = ("accuracy", "more", schemes.bases[0], schemes.sources)
    np.testing.assert_array_equal(schemes.fewer(20).value(*asked), schemes.value(*asked)[:21])


def test_another_form_changes_the_ece_alone(schemes, cells):
    other = more_schemes.cells(schemes, schemes.fewer(20), "5 bins of equal width, one order")
    same = cells["metric"] != "ece"
    pd.testing.assert_frame_equal(other[same], cells[same])
    assert (other.loc[~same, "estimate"] != cells.loc[~same, "estimate"]).mean() > 0.9


def test_temperature_scaling_separates_judgement_from_size(differences, found):
    """MultiTask knows as much as MORE, but is four times too sure."""
    for base in found.bases:
        plain, scaled = (
            differences.loc[(base, "more", "multitask", "ece", s)] for s in (False, True)
        )
        assert plain["high"] < -0.05
        assert scaled["low"] < 0 < scaled["high"] and abs(scaled["estimate"]) < 0.03
        for scaled in (False, True):
            equal = differences.loc[(base, "more", "multitask", "accuracy", scaled)]
            assert equal["low"] < 0 < equal["high"]


def test_controls_show_what_batches_weights_and_the_public_code_do(differences, found):
    """Balanced batches change nothing, the weights do, and the public code costs accuracy."""
    of = differences.xs(False, level="scaled").loc[found.middle]
    batches = of.loc[("balanced", "multitask", "ece")]
    assert batches["low"] < 0 < batches["high"]
    assert of.loc[("more", "balanced", "ece")]["high"] < -0.05
    assert of.loc[("public-code", "multitask", "accuracy")]["high"] < -0.03
    assert of.loc[("more-as-is", "multitask-as-is", "log_loss")]["estimate"] == pytest.approx(
        of.loc[("more", "multitask", "log_loss")]["estimate"], rel=0.2
    )


def test_differences_on_one_source_are_those_of_its_cells(schemes, cells):
    one = more_schemes.differences(schemes, schemes.fewer(20), source="webgpt")
    row = one[(one["first"] == "more") & (one["metric"] == "ece") & ~one["scaled"]].iloc[0]
    own = cells[(cells["source"] == "webgpt") & (cells["metric"] == "ece")]
    own = own[own["base"] == row["base"]].set_index("scheme")["estimate"]
    assert row["estimate"] == pytest.approx(own["more"] - own["multitask"])


def test_unknown_choices_are_told_what_exists(schemes):
    with pytest.raises(ValueError, match="no form 'strict'; choose one of 'standard', 'paper'"):
        more_schemes.cells(schemes, schemes, "strict")
    with pytest.raises(ValueError, match="no source 'reddit'.*'helpful'"):
        more_schemes.differences(schemes, schemes, source="reddit")


def test_forms_left_out_equal_one_order_in_half_as_many_bins(schemes, found):
    listed = set(tables.forms(schemes.fewer(5))["form"])
    margin = found.margin("more")
    for form in set(FORMS) - listed:
        options = FORMS[form]
        half = options | {"bins": options["bins"] // 2, "orientation": "proxy"}
        assert options["orientation"] == "both" and half in FORMS.values()
        np.testing.assert_allclose(pair_ece(margin, **options), pair_ece(margin, **half))
    assert PAPER_FORM in listed and len(listed) == 8


def test_steps_tell_the_ratio_of_lengths_and_losses(found):
    table = tables.steps(found, 50, seed=0).set_index(["base", "scheme"])
    own = found.steps[found.steps["rm"].isin(found.names("more"))]
    row = table.loc[(found.middle, "more")]
    assert row["steps"] == len(own) == 20
    assert row["longest"] == pytest.approx((own["combined"] / own["equal"]).max())
    assert row["estimate"] == pytest.approx((own["loss"] / own["plain_loss"]).mean())
    assert row["low"] < row["estimate"] < row["high"]
    assert (found.middle, "public-code") in table.index


def test_sizes_keep_the_order_of_sources_and_count_missing_tests_as_none():
    statistics = pd.DataFrame(
        {"source": ["b", "a", "b"], "part": ["training", "training", "test"], "pairs": [50, 10, 7]}
    )
    table = tables.sizes(statistics, resampled=20)
    assert table["source"].tolist() == ["b", "a"] and table["test"].tolist() == [7, 0]
    assert table["share"].tolist() == [2.5, 0.5]


def test_the_share_of_one_resampled_source_stands_beside_the_papers(registry):
    paper = dict(registry.printed("more.table4"))
    one = paper.pop("resampled_train_per_source")
    names = ("helpful", "harmless", "oasst", "webgpt", "summarize")
    sizes = pd.DataFrame({"source": names, "training": [row["train"] for row in paper.values()]})
    table = more_schemes.table4(sizes.assign(test=0, share=sizes["training"] / one), registry)
    np.testing.assert_allclose(table["% of resampled"], table["%, paper"])
    assert table["test, paper"].sum() == 2352 + 2312 + 957 + 901 + 2000


def test_the_papers_faulty_means_are_those_that_the_registry_notes(registry):
    slips = more_schemes.slips(registry)
    [note] = [text for text in registry.entry("more.table3").notes if "Arithmetic" in text]
    assert len(slips) == 3
    for row in slips.itertuples():
        assert f"{row.base} {row.scheme} {row.printed} (mean {row.mean:.3f})" in note


def test_table3_puts_the_paper_beside_ours_and_stars_the_faulty_means(cells, registry, schemes):
    printed = more_schemes.Printed(registry, schemes.sources, schemes.bases)
    table = more_schemes.table3(cells, printed).set_index(["Base", "Scheme"])
    assert len(table) == 8
    ours = cells.query("base == '16x1x2' and scheme == 'top' and source == 'helpful'")
    ours = ours.set_index("metric")["estimate"]["accuracy"]
    assert table.loc[("16x1x2 (Pythia-1.4B)", "Top"), "helpful"] == f"{100 * ours:.1f} (67.8)"
    starred = {key for key, cell in table["mean"].items() if "*" in cell}
    assert starred == {("16x1x2 (Pythia-1.4B)", "MultiTask"), ("32x1x2 (LLaMa-7B)", "Top")}


def test_bases_of_the_paper_go_by_size(registry):
    bases = ("a", "b", "c")
    assert [more_schemes.paper_base(bases, b) for b in bases] == list(
        registry.printed("more.table3")
    )
    assert more_schemes.paper_base(("a",), "a") == "Pythia-1.4B"


def test_what_the_paper_does_not_print_is_nan(registry, schemes):
    printed = more_schemes.Printed(registry, schemes.sources, schemes.bases)
    base = schemes.bases[0]
    assert np.isnan(printed.value("ece", "more", base, ("oasst",)))
    assert np.isnan(printed.value("ece", "raw", base, ("helpful",)))
    assert np.isnan(printed.value("accuracy", "balanced", base, ("helpful",)))
    assert printed.value("ece", "raw", base, schemes.sources) == 0.1281
    assert printed.value("accuracy", "more", base, ("helpful",)) == pytest.approx(0.6407)


def test_times_of_a_step_are_read_and_may_be_missing(tmp_path):
    assert more_schemes.step_times(tmp_path / "none.json").empty
    row = dict.fromkeys(tables.TIMES[:-1], 1.0) | {"base": "16x1x2", "more": "left out"}
    (tmp_path / "some.json").write_text(json.dumps({"repeats": 40, "bases": [row]}))
    times = more_schemes.step_times(tmp_path / "some.json")
    assert times.columns.tolist() == tables.TIMES and times["repeats"].tolist() == [40]


def test_readers_see_names_and_percent():
    identities = pd.DataFrame({"quantity": ["step", "head"], "deviation": [0.0, 1e-9]})
    shown = more_schemes.identities_table(identities)
    assert shown["Compared"].tolist()[0] == "parameters after a step"
    assert shown["largest difference"].tolist() == [0.0, 1e-9]
    times = pd.DataFrame(
        [("a", 30.0, 31.0, 1.03, 1.01, 1.05, 0.012, 0.004, 40)], columns=tables.TIMES
    )
    row = more_schemes.times_table(times).iloc[0]
    assert row["ratio"] == "1.030 [1.010,\u00a01.050]"
    assert (row["weighing, %"], row["of which solving, %"]) == pytest.approx((1.2, 0.4))
    assert more_schemes.times_table(times.iloc[:0]).empty
