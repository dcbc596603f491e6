"""Planted schemes: which quantities say so, with which sign, and which claims read them."""

from dataclasses import replace

import pandas as pd
import pytest
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures

from proxyreward.findings.core.criterion import Comparison
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more.more_schemes import claims, identities, measure

CLAIMS = load_registry().measured_by("more_schemes")
DEVIATIONS = pd.DataFrame(
    {
        "quantity": [identities.STEP, identities.GRADIENT, identities.HEAD],
        "deviation": [0.0, 2e-8, 3e-8],
    }
)
TIMES = pd.DataFrame([("16x1x2", 30.0, 30.6, 1.02, 1.01, 1.13, 0.01, 0.002, 40)],
                     columns=measure.TIMES)  # fmt: skip


def quantities(found, registry, times=TIMES):
    cells = measure.cells(found, registry)
    return claims.quantities(cells, measure.steps(found), times, DEVIATIONS)


def sure(times):
    """Knows as much as the others, but its margins are larger than they should be."""
    return Effect(0.7, times * calibrated(0.7))


# The paper's story: mixing costs accuracy and calibration, MORE restores the latter.
STORY = {
    "raw": Effect(0.0, 6.0),
    "own": Effect(0.95, 1.4 * calibrated(0.95)),
    "multitask": sure(4),
    "multitask-as-is": sure(4),
    "more": sure(1),
    "more-as-is": sure(1),
}


@pytest.fixture(scope="module")
def story(registry):
    return quantities(mixtures(by_scheme(STORY), pairs=400, seeds=1, orders=0), registry)


def told(found, *patterns):
    """Values of the quantities that patterns speak of."""
    names = [name for p in patterns for name in Comparison(p, "beside", 0).matching(found)]
    assert names
    return pd.Series({name: found[name].own for name in names})


def test_the_story_of_the_paper_shows_in_its_quantities(story):
    assert (told(story, "smallest base, *: accuracy of Top minus MultiTask") > 0.02).all()
    assert (told(story, "largest base, *: accuracy of MultiTask minus Top") < -0.02).all()
    for better in ("*: ECE of Raw minus *", "*: ECE of MultiTask minus Top"):
        assert (told(story, better) > 0.02).all()
    assert (told(story, "*: ECE of MultiTask minus MORE") > 0.02).all()
    assert (told(story, "*: ECE in the paper's form of MultiTask minus MORE") > 0.02).all()
    assert told(story, "*: mean accuracy at * minus at *").abs().max() < 0.03
    assert told(story, "*, mean: accuracy of MultiTask minus MORE").abs().max() < 0.03
    assert (told(story, "* resampling: mean ECE of MORE minus MultiTask") < -0.02).all()
    changes = ("mean ECE of *, without resampling less that with", "*: mean accuracy without *")
    assert told(story, *changes).abs().max() < 0.03


def test_the_reversed_story_turns_the_signs(registry):
    effects = STORY | {"more": Effect(0.2, 4.0), "multitask": sure(1), "multitask-as-is": sure(4)}
    found = mixtures(by_scheme(effects), pairs=400, bases=2, seeds=1, orders=0)
    found = quantities(found, registry)
    assert (told(found, "*: ECE of MultiTask minus MORE", "*: ECE of Top minus MORE") < 0).all()
    assert (told(found, "*, mean: accuracy of MultiTask minus MORE") > 0.05).all()
    assert (told(found, "*, mean of the others: ECE of MORE minus Top") > 0.02).all()
    # MORE is better calibrated on sources as they are, worse on equal sizes.
    assert told(found, "*, without resampling less that with").item() < -0.05


def test_one_bad_source_shows_in_its_own_quantities_alone(registry):
    def effect(rm, source):
        spoiled = rm["scheme"] == "multitask" and source == "webgpt"
        return Effect(-0.9, 12.0) if spoiled else by_scheme(STORY)(rm, source)

    found = quantities(mixtures(effect, pairs=400, bases=2, seeds=1, orders=0), registry)
    gaps = told(found, "*: ECE of Raw minus *")
    assert set(gaps.index[gaps < 0]) == {
        f"{base} base, webgpt: ECE of Raw minus MultiTask" for base in ("smallest", "largest")
    }


def test_the_papers_differences_stand_beside_ours(story, registry):
    rows = registry.printed("more.table3", "Pythia-1.4B")
    paper = {name: quantity.paper for name, quantity in story.items()}
    of_helpful = paper["smallest base, helpful: accuracy of Top minus MultiTask"]
    expected = (rows["Top"]["Helpful"] - rows["MultiTask"]["Helpful"]) / 100
    assert of_helpful == pytest.approx(expected)
    of_mean = paper["smallest base, mean: ECE of MultiTask minus MORE"]
    assert of_mean == pytest.approx(rows["MultiTask"]["ece"] - rows["MORE"]["ece"])
    single = registry.printed("more.table5", "Harmless")
    of_harmless = paper["smallest base, harmless: ECE of Top minus MORE"]
    assert of_harmless == pytest.approx(single["Single"]["ece"] - single["MORE"]["ece"])


def test_a_longer_gradient_and_a_larger_loss_are_seen(registry):
    found = mixtures(pairs=30, bases=2, seeds=1, orders=0)
    worse = found.steps.copy()
    of_more = worse["rm"] == found.names("more")[0]
    worse.loc[of_more & (worse["step"] == 3), "combined"] = 1.01 * worse["equal"]
    worse.loc[of_more, "loss"] = 1.3 * worse["plain_loss"]
    after = quantities(replace(found, steps=worse), registry)
    assert told(after, "largest ratio over steps of the head*").item() == pytest.approx(1.01)
    ratio = told(after, f"{found.middle}: mean ratio of weighted to plain loss").item()
    assert ratio == pytest.approx(1.3)


def test_what_is_exact_is_counted_and_what_is_not_there_is_left_out(story, registry):
    assert {name for name, quantity in story.items() if quantity.is_counted} == {
        *DEVIATIONS["quantity"],
        f"largest ratio over steps {claims.LENGTHS}",
        "16x1x2: time of a step of MORE over one of MultiTask",
        "lower end of the largest time of a step of MORE over one of MultiTask",
        "upper end of the largest time of a step of MORE over one of MultiTask",
    }
    # The bound is held against the ends of the benchmark's own interval.
    assert told(story, "upper end of the largest time of a step *").item() == 1.13
    found = mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=3)
    few = found.rms[~found.rms["scheme"].isin(measure.CONTROLS)]
    bare = quantities(replace(found, rms=few), registry, times=TIMES.iloc[:0])
    assert not [name for name in bare if "resampling" in name or "time of" in name]
