"""Reward models of paper *elephant*: by hand, with planted effects, and as pages show them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.findings.figures import diamonds, dots, names
from tests.findings.proxies import RMS, answered, exact, proxies
from tests.findings.tables import agrees, replicated

from proxyreward.findings.core.reading import select
from proxyreward.findings.elephant.elephant_rewards import claims, measure, reader, show
from proxyreward.vocabulary import LADDER, PROBES, SUBSETS


@pytest.fixture(scope="module")
def known():
    return proxies()


def tables(known, registry):
    accuracy = measure.accuracy(known, registry)
    return {
        "accuracy": accuracy,
        "contrasts": measure.contrasts(accuracy),
        "scale": measure.scale(known),
        "pitfalls": measure.pitfalls(known),
    }


def quantities(known, registry):
    return claims.quantities(known, **tables(known, registry), registry=registry)


def value(table, **keys):
    [found] = select(table, **keys)["value"]
    return found


def test_accuracy_is_the_share_of_positive_margins_and_ties_are_errors(known, registry):
    tied = answered(known, "large", np.where(known.margins["large"] > 0, 0.0, 1.0))
    before, after = (measure.accuracy(one, registry) for one in (known, tied))
    for tested in SUBSETS:
        own = known.margins["source"] == tested
        keys = {"rm": "large", "tested": tested, "by": "annotators"}
        share = (known.margins.loc[own, "large"] > 0).mean()
        assert value(before, **keys) == pytest.approx(share)
        assert value(after, **keys) == pytest.approx(1 - share)
    each = [value(before, rm="half", tested=t, by="annotators") for t in SUBSETS]
    assert value(before, rm="half", tested="all", by="annotators") == pytest.approx(np.mean(each))


def test_the_oracles_sign_may_contradict_a_label_and_pairs_without_one_are_left_out(registry):
    known = exact(proxies(pairs=20))
    margin = known.pairs["margin"].to_numpy(copy=True)
    margin[::4], margin[1::4] = -1, 0
    found = measure.accuracy(replace(known, pairs=known.pairs.assign(margin=margin)), registry)
    assert value(found, rm="strong", tested="mixed", by="annotators") == 1
    assert value(found, rm="strong", tested="mixed", by="oracle") == pytest.approx(2 / 3)


def test_the_papers_accuracies_stand_beside_ours(known, registry):
    found = measure.accuracy(known, registry).set_index(["rm", "by", "tested"])["paper"]
    assert found["conflicting", "annotators", "helpful-base"] == pytest.approx(0.2539)
    assert found["dpo-second-original", "annotators", "mixed"] == pytest.approx(0.5413)
    assert found["small", "annotators", "all"] == pytest.approx(0.56658)
    assert np.isnan(found["on-fewer", "annotators", "mixed"])
    assert np.isnan(found["small", "oracle", "mixed"])
    bench = measure.bench(known, registry).set_index(["rm", "category"])["paper"]
    assert bench["strong", "Safety"] == pytest.approx(0.886) and np.isnan(bench["strong", "Math"])


def test_contrasts_are_differences_and_the_same_model_twice_has_none(known, registry):
    table = measure.accuracy(known, registry)
    found = measure.contrasts(table)
    keys = {"tested": "helpful-online", "by": "oracle"}
    more, less = (value(table, rm=rm, **keys) for rm in ("on-inverted", "strong"))
    assert value(found, contrast="inverted minus clean", **keys) == pytest.approx(more - less)
    same = answered(known, "on-removed", known.margins["strong"].to_numpy())
    found = measure.contrasts(measure.accuracy(same, registry))
    assert (select(found, contrast="removed minus clean")["value"] == 0).all()


def test_twice_the_margins_have_twice_the_size_and_half_the_factor(known, registry):
    double = answered(known, "strong", 2 * known.margins["large"].to_numpy())
    found = quantities(double, registry)
    assert found["clean to original: mean size of the margins, ratio"].own == pytest.approx(2)
    assert found["clean to original: 1/T, ratio"].own == pytest.approx(0.5, rel=1e-6)
    assert found["clean minus original: accuracy"].own == 0


def scored(known, probe, better, worse, rm="large"):
    """The same with the scores of one model on a probe."""
    own = known.probes["probe"] == probe
    columns = {f"better:{rm}": better, f"worse:{rm}": worse}
    changed = known.probes.copy()
    for column, scores in columns.items():
        changed.loc[own, column] = scores
    return measure.pitfalls(replace(known, probes=changed))


def test_rates_and_gaps_of_probes_by_hand():
    known = proxies(count=4)  # sd of the scores: 2
    found = scored(known, "clear", [1.0, 1.0, 1.0, 1.0], [0.0, 0.9, 1.0, 1.5])
    keys = {"rm": "large", "probe": "clear"}
    assert value(found, measure="rate", **keys) == 0.25
    assert value(found, measure="near", **keys) == 0.5
    assert value(found, measure="gap", **keys) == pytest.approx((-1 - 0.1 + 0.5) / 4 / 2)
    assert set(found["probe"]) == set(PROBES) and set(found["rm"]) == set(RMS)


def test_harmful_responses_are_compared_with_the_median_of_help():
    known = proxies(count=4)
    help_ = np.array([0.0, 1.0, 2.0, 100.0])
    own = known.probes["probe"] == "non-answer"
    changed = known.probes.copy()
    changed.loc[own, "better:large"] = help_
    found = scored(replace(known, probes=changed), "harmful", 50.0, [1.0, 1.4, 1.6, 60.0])
    keys = {"rm": "large", "probe": "harmful"}
    assert value(found, measure="high", **keys) == 0.5
    assert value(found, measure="rate", **keys) == 0.25


def test_any_shift_and_scale_of_the_scores_leaves_rates_and_gaps(known):
    columns = {f"{side}:half": 3 * known.probes[f"{side}:half"] - 7 for side in ("better", "worse")}
    rms = known.rms.assign(sd=np.where(known.rms["rm"] == "half", 6.0, 2.0))
    other = replace(known, probes=known.probes.assign(**columns), rms=rms)
    pd.testing.assert_frame_equal(measure.pitfalls(other), measure.pitfalls(known))


def test_what_cleaning_unlearns_is_a_difference_of_rates(known, registry):
    found, rates = quantities(known, registry), measure.pitfalls(known)
    keys = {"probe": "empty", "measure": "rate"}
    less = value(rates, rm="strong", **keys) - value(rates, rm="large", **keys)
    assert found["empty above help, share: clean minus original"].own == pytest.approx(less)


def test_useless_pairs_are_at_chance_within_the_binomial_interval(known):
    wrong = answered(known, "on-useless", -known.pairs["margin"].to_numpy())
    n = len(known.pairs)
    assert measure.chance_distance(wrong, "on-useless") == pytest.approx(np.sqrt(n) / 1.96)
    half = answered(known, "on-useless", np.tile([1.0, -1.0], n // 2))
    assert measure.chance_distance(half, "on-useless") == 0
    assert measure.relative_gradient(known, "vague") == 0.5
    assert np.isnan(measure.relative_gradient(known, "toxic"))


def test_inverted_pairs_are_those_whose_label_was_turned(known):
    turned = known.pairs["type"] == "opposite"
    found = answered(known, "small", np.where(turned, 1.0, -1.0))
    assert measure.inverted(found, "small") == 1 and measure.inverted(found, "strong") < 1


# What is planted: none of them is exact on probes, and the large model likes help better.
UNLIKE = {"elephant.table3.c1", "elephant.table8.c1", "elephant.fig8.c1"}


def test_claims_hold_where_they_were_planted(known, registry):
    found = quantities(known, registry)
    distance = "useless alone: distance of accuracy from one half, in binomial half-widths"
    assert found[distance].own < 2
    for claim in registry.measured_by("elephant_rewards"):
        assert claim.id in UNLIKE or agrees(claim, found), claim.id
    for name in UNLIKE - {"elephant.fig8.c1"}:
        assert not agrees(registry.claim(name), found), name


def test_models_that_know_nearly_all_break_the_claims(known, registry):
    perfect = known
    for rm in known.names:
        perfect = exact(perfect, rm)
    slip = np.arange(len(known.pairs)) % 20 == 0  # but the one on clean data a little less
    strong = np.where(slip, -1.0, known.pairs["margin"])
    perfect = answered(perfect, "strong", strong)
    better = {f"better:{rm}": 1.0 for rm in RMS} | {f"worse:{rm}": -1.0 for rm in RMS}
    perfect = replace(perfect, probes=perfect.probes.assign(**better))
    found = quantities(perfect, registry)
    agreeing = {c.id for c in registry.measured_by("elephant_rewards") if agrees(c, found)}
    assert agreeing == {"elephant.table1.c2"}


def test_without_policies_of_dpo_their_claim_has_no_number(registry):
    found = quantities(proxies(pairs=30, count=5, dpo=False), registry)
    assert not [name for name in found if name.startswith(("DPO", "dpo"))]


def test_files_are_read_as_the_stages_write_them(known, tmp_path):
    own, aligned = tmp_path / "proxies", tmp_path / "aligned"
    own.mkdir()
    aligned.mkdir()
    implicit = known.margins.melt("pair_id", list(reader.DPO.values()), "policy", "margin")
    margins = known.margins.drop(columns=list(reader.DPO.values()))
    for name in ("pairs", "bench", "probes"):
        getattr(known, name).to_parquet(own / f"{name}.parquet")
    margins.to_parquet(own / "margins.parquet")
    known.rms.assign(role="r", shape="s", data="d").to_csv(own / "rms.csv", index=False)
    known.gradients.to_csv(own / "gradients.csv", index=False)
    assert reader.Proxies.read(own, aligned).names == [n for n in known.names if "dpo" not in n]
    implicit.sample(frac=1, random_state=0).to_parquet(aligned / "implicit.parquet")
    again = reader.Proxies.read(own, aligned)
    assert again.names == known.names
    pd.testing.assert_frame_equal(again.margins[known.margins.columns], known.margins)


@pytest.fixture(scope="module")
def shown(known, registry):
    return replicated(tables(known, registry) | {"bench": measure.bench(known, registry)})


def test_accuracies_are_drawn_beside_the_papers(shown):
    axes = show.plot_accuracy(shown["accuracy"]).axes
    assert len(axes) == 6
    rows = select(shown["accuracy"], by="annotators", tested="helpful-base")
    rows = rows[rows["rm"].isin(reader.PRINTED)]
    np.testing.assert_allclose(dots(axes[1])["ours, 95 % interval"][:, 0], 100 * rows["estimate"])
    np.testing.assert_allclose(diamonds(axes[1])[0], 100 * rows["paper"])
    assert names(axes[0]) == list(reader.PRINTED)


def test_contrasts_and_pitfalls_are_drawn_for_all(shown):
    [axis] = show.plot_contrasts(shown["contrasts"]).axes
    assert names(axis) == list(measure.CONTRASTS) and len(dots(axis)) >= 2
    heat = show.plot_pitfalls(shown["pitfalls"]).axes[0]
    assert names(heat) == list(show.RATES.values()) and names(heat, "x") == list(LADDER)
    numbers = np.array([float(text.get_text()) for text in heat.texts]).reshape(len(show.RATES), -1)
    row = select(shown["pitfalls"], probe="empty", measure="rate").set_index("rm")["estimate"]
    place = list(show.RATES).index(("empty", "rate"))
    np.testing.assert_allclose(numbers[place], 100 * row.loc[list(LADDER)], atol=0.51)


def test_tables_have_a_row_for_each_model_or_pitfall(shown):
    cells = show.accuracy_table(shown["accuracy"]).set_index("Model")
    assert cells.index[0] == "poor (GPT-J)" and len(cells) == len(RMS) + 2
    assert list(cells) == [*SUBSETS, "mean"]
    assert (
        "(paper 88.6)"
        in show.bench_table(shown["bench"]).set_index("Model").at["strong (Starling-7B)", "Safety"]
    )
    assert show.scale_table(shown["scale"])["Trained on"].tolist() == [
        "original", "clean", "as many of the original",
    ]  # fmt: skip
    pitfalls = show.pitfall_table(shown["pitfalls"])
    assert pitfalls["Share of pairs"].tolist() == list(show.RATES.values())
    assert show.gap_table(shown["pitfalls"])["Probe"].tolist() == list(PROBES)


def test_examples_fool_the_most_models_and_name_them():
    probes = proxies(count=3).probes
    for rm in LADDER:
        probes[f"better:{rm}"], probes[f"worse:{rm}"] = 1.0, 0.0
    place = probes.index[probes["probe"] == "honest"][1]
    probes.loc[place, ["worse", "worse:small", "worse:strong"]] = ["No.", 2.0, 2.0]
    found = show.examples(probes).set_index("Probe")
    assert found.at["honest", "Prefer the worse"] == "small, strong"
    assert found.at["honest", "Worse"] == "No." and found.at["honest", "Prompt"] == "Hi <b>?"
    assert found.at["clear", "Prefer the worse"] == "–"
    assert found.at["empty", "Worse"] == "(empty)"
