"""How dirty records are and what cleaning finds: closed forms, planted defects, and drawn."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import spearmanr
from tests.findings.figures import diamonds, names
from tests.findings.tables import agrees, replicated

from proxyreward.data import variants
from proxyreward.data.seeds import generator
from proxyreward.data.transcripts import last_request
from proxyreward.findings.core.reading import select
from proxyreward.findings.elephant.elephant_cleaning import claims, measure, show, voting
from proxyreward.vocabulary import MIXED, SUBSETS, TOXIC, TRAIN, TYPES
from proxyreward.world import annotators, dirty, oracle, sources

VOTES = list(dirty.ANNOTATORS)
MARGINS = np.array([-1.5, -0.4, 0.0, 0.3, 2.0])


@pytest.fixture(scope="module")
def records():
    return dirty.records(500, 100, 1.5, 0.5, frozenset(), 0)


@pytest.fixture(scope="module")
def sets(records):
    return measure.by_set(records)


def made(*rows, split=TRAIN):
    """Training records of (type, margin, votes for the chosen, toxic rejected)."""
    frame = pd.DataFrame(rows, columns=["type", "margin", "ours", "rejected_toxic"])
    votes = {name: frame["ours"] > place for place, name in enumerate(VOTES)}
    return frame.assign(split=split, source=MIXED, toxic=frame["type"] == TOXIC, **votes)


def value(table, *keys):
    return table.set_index(list(table.columns[: len(keys)]))["value"].loc[keys]


def test_types_are_counted_in_every_set_beside_the_two_printed_shares(records, sets, registry):
    table = measure.types(sets, registry)
    assert list(sets) == [TRAIN, *SUBSETS] and sum(map(len, sets.values())) == len(records)
    for name, own in sets.items():
        rows = select(table, set=name).set_index(["measure", "type"])["value"]
        count = own["type"].value_counts().reindex(TYPES, fill_value=0)
        assert rows["count"].to_dict() == count.to_dict()
        np.testing.assert_allclose(rows["share"], count / len(own))
    printed = table.dropna(subset="paper").set_index(["set", "type"])["paper"].to_dict()
    expected = {("train", "same"): 0.678, ("helpful-online", "same"): 0.515}
    assert printed == pytest.approx(expected)


def test_the_law_of_the_votes_is_poisson_binomial():
    """By number of votes: the product of generating functions."""
    law = voting.law(MARGINS)
    np.testing.assert_allclose(law.sum(axis=1), 1)
    for margin, row in zip(MARGINS, law):
        coefficients = np.ones(1)
        for quality in annotators.QUALITIES:
            p = expit(quality * margin)
            coefficients = np.convolve(coefficients, [1 - p, p])
        by_number = np.bincount(voting.OUTCOMES.sum(axis=1), weights=row)
        np.testing.assert_allclose(by_number, coefficients)


def test_the_law_is_mirrored_by_the_margin_and_knows_nothing_at_zero():
    np.testing.assert_allclose(voting.law(-MARGINS), voting.law(MARGINS)[:, ::-1])
    np.testing.assert_allclose(voting.law(np.zeros(1)), 1 / 16)
    np.testing.assert_allclose(voting.law(np.array([50.0]))[0, -1], 1)


def test_judges_are_as_often_wrong_as_simulated_ones_and_as_one_or_two_by_hand():
    margins = np.array([0.2, -0.5, 1.0, 0.7, -0.1])
    known = made(*[("same", margin, 3, False) for margin in margins])
    table = voting.judges(pd.concat([known, made(("toxic", -9.0, 0, False))]))
    size, miss = abs(margins), {}
    for quality in annotators.QUALITIES:
        miss[quality] = expit(-quality * size)
    assert value(table, "one", "wrong") == pytest.approx(np.mean([*miss.values()]))
    both = [np.mean(miss[a] * miss[b]) for a, b in combinations(annotators.QUALITIES, 2)]
    assert value(table, "two", "wrong") == pytest.approx(np.mean(both))
    draws = 40_000
    votes = annotators.prefers_first(np.repeat(size, draws), 0.0, np.random.default_rng(0))
    right, near = votes.sum(axis=0), dict(abs=4 * 0.5 / np.sqrt(votes.shape[1]))
    assert value(table, "four", "right") == pytest.approx((right > 2).mean(), **near)
    assert value(table, "four", "undecided") == pytest.approx((right == 2).mean(), **near)
    assert value(table, "first label", "wrong") == pytest.approx(2 / 5)
    shares = table[table["measure"] != "votes"].groupby("judges")["value"].sum()
    np.testing.assert_allclose(shares, 1)


def test_weighed_votes_decide_two_against_two_but_where_weights_are_equal():
    won = voting.weighed()
    ours = voting.OUTCOMES.sum(axis=1)
    assert (won[ours > 2] == 1).all() and (won[ours < 2] == -1).all()
    even = [tuple(outcome) for outcome in voting.OUTCOMES[(ours == 2) & (won == 0)]]
    # The best with the worst have as much weight as the two between.
    assert even == [(False, True, True, False), (True, False, False, True)]


def test_cleaning_is_judged_by_the_oracle():
    rows = [
        ("opposite", -1.5, 0, False),  # wrong, and turned
        ("vague", -1.5, 2, False),  # wrong, and dropped
        ("same", -0.1, 3, False),  # wrong, and left
        ("opposite", 0.1, 1, False),  # right, and harmed
        ("toxic", 1.5, 4, False),  # right, and lost
        ("same", 1.5, 4, False),
        ("same", 3.0, 4, False),
        ("repetitive", 0.0, 2, False),  # neither
    ]
    table = measure.truth(measure.by_set(made(*rows)))
    whole = select(table, set=TRAIN, size="all").set_index("measure")["value"].to_dict()
    third = pytest.approx(1 / 3)
    assert whole == {
        "wrong before": pytest.approx(3 / 7), "wrong after": pytest.approx(2 / 5),
        "turned": third, "dropped": third, "left": third,
        "harmed": 0.25, "lost": 0.25, "precision": 0.5,
    }  # fmt: skip
    sizes = select(table, set=TRAIN, measure="share").set_index("size")["value"]
    np.testing.assert_allclose(sizes, np.array([2, 0, 0, 4, 1]) / 7)
    assert value(table, TRAIN, "0 to 0.25", "left") == 1
    assert value(table, TRAIN, "1 to 2", "turned") == 0.5
    assert np.isnan(value(table, "mixed", "all", "turned"))


def test_a_clean_set_is_less_wrong_than_the_original_where_margins_are_clear(sets):
    table = measure.truth(sets)
    for size in ("0.5 to 1", "1 to 2", "all"):
        before, after = (value(table, TRAIN, size, of) for of in ("wrong before", "wrong after"))
        assert after < before / 2


def test_shares_of_voted_types_are_those_that_the_margins_imply(sets):
    table = voting.rule(sets)
    wide = table.pivot(index=["set", "size", "type"], columns="of", values="value")
    own = measure.judged(sets[TRAIN])
    sd = 0.5 / np.sqrt(len(own))
    assert (abs(wide["observed"] - wide["expected"])[TRAIN, "all"] < 4 * sd).all()
    ours = voting.OUTCOMES.sum(axis=1)
    vague = voting.law(own["margin"].to_numpy())[:, ours == 2].sum(axis=1).mean()
    assert wide["expected"][TRAIN, "all", "vague"] == pytest.approx(vague)
    np.testing.assert_allclose(wide.groupby(["set", "size"]).sum(), 1)


def test_a_turned_pair_counts_as_a_vote_for_the_better():
    one = made(("opposite", -1.5, 0, False), ("same", 1.5, 4, False), ("vague", -1.5, 2, False))
    table = voting.rule(measure.by_set(one))
    assert value(table, TRAIN, "1 to 2", "same", "observed") == pytest.approx(2 / 3)
    assert value(table, TRAIN, "all", "same", "observed") == pytest.approx(1 / 3)


def test_toxic_records_that_the_votes_would_have_corrected():
    rows = [
        ("toxic", -1.0, 1, False), ("toxic", -1.0, 0, True), ("toxic", 1.0, 2, False),
        ("opposite", -1.0, 1, True), ("same", 1.0, 4, True),
    ]  # fmt: skip
    table = measure.toxic(measure.by_set(made(*rows)))
    found = select(table, set=TRAIN).set_index("measure")["value"].to_dict()
    assert found == {
        "toxic": 3, "outvoted": 2, "correctable": 1, "swapped_to_toxic": 1, "chosen": 0.6,
        "rejected": 0.6,
    }  # fmt: skip


def test_agreement_is_that_of_all_couples_of_annotators(records, sets):
    table = voting.agreement(sets)
    asked = sets[TRAIN][~sets[TRAIN]["type"].isin(["empty", "repetitive"])]
    alike = annotators.agreement(asked[VOTES].to_numpy().T)
    assert value(table, TRAIN, "raw") == pytest.approx(np.nanmean(alike))
    sure = records.assign(**{name: records["margin"] > 0 for name in VOTES})
    assert value(voting.agreement(measure.by_set(sure)), TRAIN, "krippendorff") == 1


def test_raters_are_compared_by_spearman_with_shared_criteria_and_with_tastes(sets):
    own = sets[MIXED].head(30)
    table = voting.consistency(own, 3)
    requests, said = [*own["prompt"].map(last_request)] * 2, [*own["chosen"], *own["rejected"]]
    noise = annotators.scores(np.zeros(60), generator("raters", 3))
    shared = oracle.utility(requests, said) + noise
    each = [spearmanr(shared[a], shared[b])[0] for a, b in combinations(range(3), 2)]
    assert value(table, "shared") == pytest.approx(np.mean(each))
    tastes = [sources.utility(name, requests, said) for name in sources.SOURCES]
    each = [
        spearmanr(one + noise[a], other + noise[b])[0]
        for a, b in combinations(range(3), 2)
        for one in tastes
        for other in tastes
        if one is not other
    ]
    assert value(table, "own") == pytest.approx(np.mean(each))


def test_a_cleaned_set_that_misses_its_definition_is_found(sets):
    clean = variants.cleaned(sets[TRAIN])
    assert measure.differences(sets[TRAIN], clean) == 0
    assert measure.differences(sets[TRAIN], clean.iloc[1:]) == 1
    first = clean.assign(chosen=clean["chosen"].where(clean.index > 0, "Else."))
    assert measure.differences(sets[TRAIN], first) == 2
    turned = clean.rename(columns={"chosen": "rejected", "rejected": "chosen"})
    assert measure.differences(sets[TRAIN], turned) == 2 * len(clean)


def test_examples_are_the_first_of_each_type(sets):
    found = measure.examples(sets[TRAIN])
    assert list(found["type"].unique()) == list(TYPES)
    first = sets[TRAIN][sets[TRAIN]["type"] == "vague"].iloc[0]
    assert found[found["type"] == "vague"].iloc[0]["chosen"] == first["chosen"]
    assert (found.loc[found["type"] == "vague", "votes"] == 2).all()


def estimates(records, registry):
    sets = measure.by_set(records)
    return {
        "types": measure.types(sets, registry),
        "truth": measure.truth(sets),
        "rule": voting.rule(sets),
        "judges": voting.judges(sets[TRAIN]),
        "toxic": measure.toxic(sets),
        "agreement": voting.agreement(sets),
        "consistency": voting.consistency(sets[MIXED], 0),
    }


def quantities(records, registry, missed=0):
    return claims.quantities(*estimates(records, registry).values(), missed)


@pytest.fixture(scope="module")
def found(records, registry):
    return estimates(records, registry)


def test_every_claim_holds_in_the_world_as_it_is_built(records, registry):
    known = quantities(records, registry)
    own = registry.measured_by("elephant_cleaning")
    assert len(own) == 8 and all(claim.kind in ("definition", "by construction") for claim in own)
    for claim in own:
        assert agrees(claim, known), claim.id


@pytest.mark.parametrize(
    ("claim", "change"),
    [
        ("fig1.c1", lambda r: r.assign(toxic=False)),
        ("fig3.c1", lambda r: r.assign(type="same")),
        ("fig3.c2", lambda r: r.assign(type=r["type"].where(r["source"] == MIXED, "same"))),
        ("fig3.c3", lambda r: r.assign(type=r["type"].replace("empty", "vague"))),
        ("fig7.c1", lambda r: r.assign(type=r["type"].replace("vague", "repetitive"))),
        ("table1.c1", lambda r: r.assign(margin=-r["margin"])),
    ],
)
def test_a_claim_fails_where_the_world_is_another(records, registry, claim, change):
    known = quantities(change(records), registry)
    assert not agrees(registry.claim(f"elephant.{claim}"), known)


def test_a_cleaned_set_with_another_pair_breaks_the_definition(records, registry):
    known = quantities(records, registry, missed=1)
    assert not agrees(registry.claim("elephant.table7.c1"), known)


def test_the_papers_gap_stands_beside_ours(records, registry):
    known = quantities(records, registry)
    gap = known["helpful-online: share of type same minus that of train"]
    assert gap.paper == pytest.approx(0.515 - 0.678)
    assert known["train: share of type same"].paper == pytest.approx(0.678)


@pytest.fixture(scope="module")
def shown(found):
    return replicated(found)


def widths(axis):
    """Sum of the parts of every bar, from the top down."""
    sums = {}
    for bar in axis.patches:
        place = round(bar.get_y(), 3)
        sums[place] = sums.get(place, 0) + bar.get_width()
    return [sums[place] for place in sorted(sums, reverse=True)]


def test_bars_of_types_fill_the_whole_and_carry_the_papers_shares(found):
    # Three equal runs, so that shares still sum to one.
    [axis] = show.plot_types(replicated(*[found] * 3)["types"]).axes
    assert names(axis) == [TRAIN, *SUBSETS]
    np.testing.assert_allclose(widths(axis), 100)
    [paper] = diamonds(axis)
    assert paper[np.isfinite(paper)].tolist() == pytest.approx([67.8, 51.5])


def test_fates_and_judges_fill_the_whole(found):
    equal = replicated(*[found] * 3)
    _, fates = show.plot_truth(equal["truth"]).axes
    known = select(found["truth"], set=TRAIN, measure="turned")["value"].iloc[1:].notna()
    np.testing.assert_allclose(np.array(widths(fates))[known], 100)
    [axis] = show.plot_judges(equal["judges"]).axes
    assert names(axis) == list(show.ORDER)
    np.testing.assert_allclose(widths(axis), 100)


def test_votes_are_drawn_beside_what_is_expected(shown):
    figure = show.plot_rule(shown["rule"])
    for axis, kind in zip(figure.axes, measure.VOTED, strict=True):
        rows = select(shown["rule"], set=TRAIN, type=kind, of="expected")
        rows = rows[rows["size"] != "all"]
        np.testing.assert_allclose(diamonds(axis)[0], 100 * rows["estimate"])


def test_tables_are_in_percent_with_intervals(shown, found):
    def cell(row, form):
        low, high = 100 * row["low"], 100 * row["high"]
        return f"{100 * row['estimate']:{form}} [{low:{form}},\u00a0{high:{form}}]"

    share = select(shown["types"], set=TRAIN, type="same", measure="share").iloc[0]
    table = show.types_table(shown["types"]).set_index("Set")
    assert table.at[TRAIN, "same"] == cell(share, ".1f")
    recall = select(shown["truth"], set=MIXED, size="all", measure="turned").iloc[0]
    assert show.truth_table(shown["truth"]).set_index("Set").at[MIXED, "Wrong: turned"] == cell(
        recall, ".1f"
    )
    counts = show.counts_table(shown["types"]).set_index("Set")
    assert (counts["kept"] + counts["removed"]).tolist() == [500, *[100] * 5]
    judges = show.judges_table(shown["judges"]).set_index("Judges")
    assert judges.index.tolist() == list(show.ORDER) and "Wrong of labels" in judges
    assert len(show.toxic_table(shown["toxic"])) == len(show.agreement_table(shown["agreement"]))


def test_the_smallest_scale_is_measured_and_drawn(registry):
    small = estimates(dirty.records(60, 12, 1.5, 0.5, frozenset(), 0), registry)
    read = replicated(small)
    for draw in (show.plot_types, show.plot_rule, show.plot_truth, show.plot_judges):
        draw(read[draw.__name__.removeprefix("plot_")]).canvas.draw()
