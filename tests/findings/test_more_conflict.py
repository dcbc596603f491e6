"""Models on one source, tested on all: against plain computations, planted conflicts, and drawn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import ks_2samp, zscore
from tests.findings.figures import names
from tests.findings.mixtures import Effect, by_scheme, mixtures, with_margins
from tests.findings.tables import agrees, replicated, values

from proxyreward.findings.core.reading import select
from proxyreward.findings.more.more_conflict import claims, measure, show
from proxyreward.vocabulary import ALL

SHARES = pd.DataFrame({"conflict": [0.0, 0.5, 1.0], "share": [0.0, 0.1, 0.3]})
KEYS = ["base", "trained", "tested"]
MODELS = ["Raw", "helpful", "harmless", "oasst", "webgpt", "summarize"]


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=60, orders=0)


@pytest.fixture(scope="module")
def transfer(planted):
    return measure.transfer(planted)


def one_source(planted, change):
    """The same mixtures with the margins of one-source models replaced: column name -> values."""
    models = [(name, rm) for name in planted.sources for rm in planted.names(f"single-{name}")]
    margins = {rm: change(name, planted.margins[rm].to_numpy()) for name, rm in models}
    return with_margins(planted, margins)


def agreement(planted):
    """Of the models on the largest base, by first and second source."""
    table = measure.couples(planted, measure.transfer(planted))
    rows = select(table, base=planted.main, measure="agreement")
    return rows.set_index(["first", "second"])["value"]


def test_each_model_is_tested_on_each_source(planted, transfer):
    rows = transfer[transfer["base"] == planted.main].set_index(["trained", "tested"])
    assert measure.models(planted) == ("raw", *planted.sources)
    for (model, tested), row in rows.iterrows():
        margin = measure.margin_of(planted, model)[:, planted.source == tested]
        assert row["accuracy"] == pytest.approx((margin > 0).mean())
        assert row["mean"] == pytest.approx(margin.mean())
        location = [seed.mean() / seed.std() for seed in margin]
        assert row["location"] == pytest.approx(np.mean(location))
        reached = rows["accuracy"][:, tested]
        assert row["loss"] == pytest.approx(row["accuracy"] - reached[tested])
        assert row["gain"] == pytest.approx(row["accuracy"] - reached["raw"])


def test_models_that_always_or_never_choose_the_same(planted):
    reference = planted.margins[planted.names("single-helpful")[0]].to_numpy()
    opposed = one_source(planted, lambda name, _: (-2 if name == "oasst" else 1) * reference)
    for pair, value in agreement(opposed).items():
        assert value == pytest.approx(float("oasst" not in pair or len({*pair}) == 1)), pair


def test_agreement_compares_models_of_different_seeds(planted):
    first, second = (measure.margin_of(planted, name) for name in planted.sources[:2])
    same = [(np.sign(first[s]) == np.sign(second[1 - s])).mean() for s in range(2)]
    assert agreement(planted)["helpful", "harmless"] == pytest.approx(np.mean(same))
    alone = agreement(mixtures(pairs=30, bases=2, seeds=1, orders=1))
    assert alone[alone.isna()].index.tolist() == [(name, name) for name in planted.sources]


def test_tables_hold_every_base_and_their_mean(planted, transfer, registry):
    wide = transfer.set_index(KEYS)["loss"].unstack("base")
    np.testing.assert_allclose(wide[ALL], wide[list(planted.bases)].mean(axis=1), atol=1e-12)
    pairs = measure.couples(planted, transfer).set_index(["base", "first", "second", "measure"])
    both = [wide.at[way, ALL] for way in (("oasst", "webgpt"), ("webgpt", "oasst"))]
    value = pairs["value"][ALL, "oasst", "webgpt", "loss"]
    assert value == pytest.approx(np.mean(both))
    table = measure.accuracies(planted, transfer, registry)
    assert set(table.loc[table["paper"].notna(), "trained"]) == {"raw"}
    printed = registry.printed("more.table3", "Pythia-1.4B")
    key = "base == @planted.bases[0] and tested == 'summarize' and paper.notna()"
    [paper] = table.query(key)["paper"]
    assert paper == pytest.approx((printed["Raw"]["Summ"] - printed["Top"]["Summ"]) / 100)


def test_distances_are_scipys_on_standardised_margins_and_means_over_seeds(planted):
    found = measure.distances(planted).set_index(["first", "second"])["value"]
    own = planted.source == "harmless"
    first, second = (
        zscore(measure.margin_of(planted, n)[:, own], axis=1) for n in ("helpful", "webgpt")
    )
    each = [ks_2samp(*pair).statistic for pair in zip(first, second, strict=True)]
    assert len(found) == 10 and found["helpful", "webgpt"] == pytest.approx(np.mean(each))


def test_distances_ignore_shift_and_scale_but_not_a_mirror(planted):
    values = np.random.default_rng(1).exponential(size=len(planted.source)).astype(np.float32)
    change = {"oasst": 3 * values - 7, "webgpt": -values}
    same = one_source(planted, lambda name, _: change.get(name, values))
    found = measure.distances(same).set_index(["first", "second"])["value"]
    assert found["helpful", "oasst"] <= 1.5 / 60  # rounding may shift a value across another
    assert found["helpful", "webgpt"] > 0.15


def test_moments_of_margins_and_of_both_responses(planted, transfer):
    both, margin = measure.rewards_of(planted, "oasst"), measure.margin_of(planted, "oasst")
    np.testing.assert_allclose(both[:, 0] - both[:, 1], margin[0], atol=1e-5)
    found = measure.moments(planted, transfer).set_index(["of", "trained", "tested", "moment"])
    rewards = both[planted.source == "harmless"]
    assert found["value"]["rewards", "oasst", "harmless", "sd"] == pytest.approx(rewards.std())
    sd = margin[:, planted.source == "webgpt"].std(axis=1).mean()
    assert found["value"]["differences", "oasst", "webgpt", "sd"] == pytest.approx(sd)


def test_rank_tests_find_a_shift_and_no_difference(planted):
    noise = np.random.default_rng(0).normal(size=len(planted.source))
    rng = np.random.default_rng(1)
    equal = one_source(planted, lambda *_: noise + 1e-6 * rng.normal(size=len(noise)))
    assert (measure.rank_tests(equal)["kruskal"] > 0.999).all()
    tests = measure.rank_tests(one_source(planted, lambda name, _: noise + (name == "oasst")))
    # The models' margins are the same but for the shift, which the paired test sees best.
    assert len(tests) == 5 * 2 and (tests["kruskal"] < 1e-3).all()
    assert (tests["friedman"] < tests["kruskal"]).all()


def quantities(planted, registry):
    found = measure.transfer(planted)
    tables = measure.distances(planted), measure.moments(planted, found)
    tests, rungs = measure.rank_tests(planted), measure.ladder(planted, SHARES)
    return claims.quantities(planted, found, *tables, tests, rungs, registry)


def rungs(known, registry):
    """The ladder, and what claims read of it."""
    found = measure.ladder(known, SHARES)
    value = found.set_index(["conflict", "scheme", "measure"])["value"]
    return value, quantities(known, registry)


def test_a_rung_is_judged_by_its_own_labels(registry):
    """MORE knows nothing at full conflict, and all that there is without."""
    known = mixtures(pairs=200, expected=True)
    logit = np.log(known.chance / (1 - known.chance))
    other = np.random.default_rng(2).normal(size=len(logit))
    labels = known.labels.assign(**{"chance at 0": expit(other)})
    exact = known.ladder_margins.assign(**{"more-16x1x2-seed0-conflict0": other})
    value, found = rungs(replace(known, labels=labels, ladder_margins=exact), registry)
    assert value[0.0, "more", "ece"] == pytest.approx(0, abs=1e-12)
    assert value[0.0, "more", "inverse temperature"] == pytest.approx(1)
    assert value[0.0, "more", "accuracy"] == pytest.approx(value[0.0, "best", "accuracy"])
    assert value[0.0, "multitask", "log_loss"] > value[0.0, "best", "log_loss"]
    best = np.mean([expit(abs(logit[known.source == n])).mean() for n in known.sources])
    assert value[1.0, "best", "accuracy"] == pytest.approx(best)
    assert value[0.5, "sources", "disagreement"] == 0.1
    gap = value[1.0, "more", "ece"] - value[0.0, "more", "ece"]
    assert found["MORE: ECE at full conflict minus at the least"].own == pytest.approx(gap)
    assert found["share of test pairs on which two sources disagree"].own == 0.3


def test_the_ladder_is_drawn_over_what_sources_disagree_on(shown):
    accuracy, ece, _ = show.plot_ladder(shown["ladder"]).axes
    rows = select(shown["ladder"], measure="accuracy", scheme="more")
    line = [line for line in accuracy.lines if line.get_color() == show.SCHEME_COLOURS["more"]]
    np.testing.assert_allclose(line[0].get_ydata(), rows["estimate"])
    # The replicates' shares are 5 and 10 % larger than those of the first.
    np.testing.assert_allclose(line[0].get_xdata(), 105 * SHARES["share"] + 0.3)
    floor = select(shown["ladder"], measure="ece_floor")
    [band] = [patch for patch in ece.patches if "floor" in patch.get_label()]
    assert band.get_bbox().y1 == pytest.approx(floor["estimate"].max())
    cells = show.ladder_table(shown["ladder"])
    assert len(cells) == 9 and list(cells)[2:5] == ["Accuracy", "ECE", "its floor"]


def effect(own, conflict, spread=1.0):
    """Models know `own` of their source and `conflict` of the others; one has wide rewards."""
    by_model = by_scheme({"own": Effect(own, 1.0), "other": Effect(conflict, 1.0)})

    def found(rm, source):
        wide = rm["scheme"] == "single-helpful"
        return by_model(rm, source)._replace(spread=spread if wide else 1.0)

    return found


@pytest.fixture(scope="module")
def conflicting(registry):
    """Every source is against all others; rewards on Helpful's model are wide."""
    return quantities(mixtures(effect(0.8, -0.6, spread=4.0), pairs=500, orders=0), registry)


@pytest.fixture(scope="module")
def friendly(registry):
    """What one source teaches helps on all others as much."""
    return quantities(mixtures(effect(0.8, 0.8), pairs=120, bases=2, orders=0), registry)


def test_conflict_is_found_where_it_was_planted(conflicting, friendly, registry):
    for claim in registry.measured_by("more_conflict"):
        assert agrees(claim, conflicting), claim.id
        assert agrees(claim, friendly) == (claim.id == "more.fig1.c1"), claim.id


def test_each_base_stands_alone(planted, transfer, conflicting, registry):
    found = quantities(planted, registry)
    for base, rows in transfer.query("trained != 'raw' and base != @ALL").groupby("base"):
        own, ranges = (
            rows.query("trained == tested"),
            rows.groupby("tested")["location"].agg(np.ptp),
        )
        lost = rows.query("trained != tested")["loss"].mean()
        found_of = values(found, f"base {base}: *")
        assert found_of[:2] + found_of[3:] == pytest.approx([own["gain"].min(), lost, ranges.min()])
        assert values(conflicting, f"base {base}: models that shift *") == [4]
    largest = measure.rank_tests(planted)[["kruskal", "friedman"]].max().tolist()
    assert values(found, "largest p of *") == largest
    assert conflicting["share of entries (model, other source, base) below Raw"].own == 1


def test_other_shapes_are_at_a_distance(planted, conflicting, registry):
    cubed = one_source(planted, lambda name, m: m**3 if name == "webgpt" else m)
    name = "mean distance (Kolmogorov-Smirnov) of standardised margins"
    found, others = quantities(cubed, registry), f"harmless, models on other sources: {name}"
    assert found[others].own > conflicting[others].own + 0.05
    apart = measure.distances(cubed).query("first != 'harmless' and second != 'harmless'")["value"]
    assert found[others].own == pytest.approx(apart.mean())
    own = measure.distances(cubed).query("first == 'harmless' or second == 'harmless'")["value"]
    assert found[f"harmless, from its own model: {name}"].own == pytest.approx(own.mean())


def test_the_range_is_that_of_a_planted_shift_in_any_unit(planted, registry):
    rng = np.random.default_rng(0)
    wave = np.tile(np.linspace(-1, 1, 60), 5)
    wave /= wave[:60].std()

    def shifted(name, margin):
        noise = 1e-6 * rng.normal(size=len(wave))  # no ties
        place = planted.sources.index(name)
        return 10.0**place * (wave + 0.3 * (name == "oasst") + noise)

    raw = dict.fromkeys(planted.names("raw"), wave + 1)
    found = quantities(with_margins(one_source(planted, shifted), raw), registry)
    # Means are 1 of Raw, 30 of the model on OASST1 and 0 of the others, that on Harmless too.
    shifts = values(found, "harmless: mean margin minus Raw of the model on *")
    assert shifts == pytest.approx([1, -29, 1, 1], abs=0.01)
    for name in planted.sources:
        value = found[f"{name}: range of the models' mean margins in sd"].own
        assert value == pytest.approx(0.3, abs=1e-4)


def test_the_papers_gains_stand_beside_ours(friendly, registry):
    rows = registry.printed("more.table3").values()
    for source, column in {"summarize": "Summ", "oasst": "Oasst1"}.items():
        gain = np.mean([row["Top"][column] - row["Raw"][column] for row in rows]) / 100
        paper = friendly[f"{source}: accuracy above Raw of its own model"].paper
        assert paper == pytest.approx(gain)


def tables(planted, registry):
    """Tables over replicates, those by base of the largest one."""
    found = measure.transfer(planted)
    transfer, pairs = measure.accuracies(planted, found, registry), measure.couples(planted, found)
    moments = measure.moments(planted, found)
    ladder = measure.ladder(planted, SHARES)
    found = {"transfer": transfer, "pairs": pairs, "moments": moments, "ladder": ladder}
    read = replicated(found)
    return read | {name: select(read[name], base=planted.main) for name in ("transfer", "pairs")}


@pytest.fixture(scope="module")
def shown(planted, registry):
    return tables(planted, registry)


def drawn(axis):
    """Places of the dots of an axis, from the top down."""
    [points] = [part for part in axis.collections if part.get_offsets().shape[0] > 1]
    return points.get_offsets()[:, 0]


def cell(row, form=".2f", unit=1):
    estimate, low, high = unit * row[["estimate", "low", "high"]]
    return f"{estimate:{form}} [{low:{form}},\u00a0{high:{form}}]"


def test_text_cells_have_intervals_and_the_spread_of_rewards_is_known_on_harmless(shown):
    cells = show.transfer_table(shown["transfer"]).set_index("Trained")
    rows = shown["transfer"].set_index(["measure", "trained", "tested"])
    row = rows.loc["accuracy", "webgpt", "oasst"]
    assert cells.loc["webgpt", "oasst"] == cell(row, ".0f", unit=100)
    assert cells.index.tolist() == MODELS
    cells = show.moments_table(shown["moments"], "harmless").set_index("Trained")
    rows = shown["moments"].set_index(["of", "trained", "tested", "moment"])
    assert cells.at["oasst", "sd of rewards"] == cell(
        rows.loc["rewards", "oasst", "harmless", "sd"]
    )
    other = show.moments_table(shown["moments"], "oasst").set_index("Trained")
    assert other.index.tolist() == MODELS and set(other["sd of rewards"]) == {"–"}
    row = rows.loc["differences", "helpful", "oasst", "mean"]
    assert other.at["helpful", "Mean difference"] == cell(row)


def test_radar_and_heat_map_show_the_same_accuracies(shown):
    radar, table = show.plot_transfer(shown["transfer"]).axes[:2]
    numbers = np.array([float(text.get_text()) for text in table.texts]).reshape(6, 5)
    for line, row in zip(radar.lines, numbers, strict=False):
        values = np.asarray(line.get_ydata())
        assert values[0] == values[-1]
        np.testing.assert_allclose(values[:-1], row, atol=0.51)
    assert [line.get_label() for line in radar.lines] == [*MODELS, "chance"]
    assert set(radar.lines[-1].get_ydata()) == {50}


def test_losses_stand_in_their_panel_beside_the_papers_raw(planted, shown):
    rows = shown["transfer"].query("measure == 'loss' and trained != tested")
    figure = show.plot_losses(shown["transfer"])
    for axis, tested in zip(figure.axes, planted.sources, strict=True):
        own = rows[rows["tested"] == tested]
        assert tested not in names(axis) and names(axis)[0] == "Raw"
        np.testing.assert_allclose(drawn(axis), 100 * own["estimate"])
        paper = axis.lines[0].get_xdata()
        np.testing.assert_allclose(paper, 100 * own["paper"])
        assert np.isfinite(paper).sum() == 1


def test_the_pair_in_strongest_conflict_is_on_top(shown):
    losses, agreements = show.plot_pairs(shown["pairs"]).axes
    assert len(drawn(losses)) == 10 and (np.diff(drawn(losses)) >= 0).all()
    top = losses.get_yticklabels()[0].get_text().split(" – ")
    row = shown["pairs"].set_index(["measure", "first", "second"]).loc[("agreement", *top)]
    assert drawn(agreements)[0] == pytest.approx(100 * row["estimate"])


@pytest.mark.parametrize("in_sd", [False, True])
def test_boxes_show_the_margins_of_all_seeds(planted, in_sd):
    axis = show.plot_differences(planted, planted.main, "harmless", in_sd).axes[0]
    assert ("standard deviations" in axis.get_xlabel()) == in_sd
    own = [measure.margin_of(planted, name) for name in measure.models(planted)]
    own = [margin[:, planted.source == "harmless"] for margin in own]
    own = [margin / margin.std(axis=1, keepdims=True) if in_sd else margin for margin in own]
    [means] = [line.get_xdata() for line in axis.lines if line.get_label() == "mean"]
    np.testing.assert_allclose(means, [margin.mean() for margin in own])
    bold = [line.get_xdata() for line in axis.lines if line.get_linewidth() == 1.5]
    medians = [ends[0] for ends in bold if len(ends) == 2]
    np.testing.assert_allclose(medians, [np.median(margin) for margin in own])


def test_solid_boxes_hold_the_right_order_and_hollow_ones_the_rest(planted):
    figure = show.plot_signs(planted, planted.main, ["helpful", "oasst", "webgpt"])
    panels = [axis for axis in figure.axes if axis.get_visible()]
    assert len(panels) == 3
    for box in (box for axis in panels for box in axis.patches):
        solid = box.get_facecolor() != (1, 1, 1, 1)
        assert (box.get_path().vertices[:, 0].mean() > 0) == solid


def test_the_smallest_scale_measures_the_same_names_and_is_drawn(registry, friendly):
    smoke = mixtures(pairs=30, bases=2, seeds=1, orders=1)
    found = quantities(smoke, registry)
    assert list(found) == list(friendly)
    assert all(np.isfinite(quantity.own) for quantity in found.values())
    small = tables(smoke, registry)
    for figure in (
        show.plot_pairs(small["pairs"]),
        show.plot_transfer(small["transfer"]),
        show.plot_losses(small["transfer"]),
        show.plot_ladder(small["ladder"]),
        show.plot_differences(smoke, smoke.main, "webgpt"),
        show.plot_rewards(smoke, "harmless"),
    ):
        figure.canvas.draw()
