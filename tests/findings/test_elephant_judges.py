"""Judges and people on planted policies and reward models: plain computations, and drawn."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from tests.findings.figures import diamonds, dots, names, title
from tests.findings.judgements import DRAFTS, SKILLS, judgements, margins, tables
from tests.findings.tables import agrees, replicated, told, values

from proxyreward.findings.core.reading import select
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.elephant.elephant_judges import measure, show
from proxyreward.findings.elephant.elephant_judges.reader import Judgements
from proxyreward.pipeline.stages.elephant_judges import found
from proxyreward.vocabulary import EQUAL_SIZE, LADDER


def measured(planted):
    return found(planted, np.random.default_rng(0), np.random.default_rng(1))


@pytest.fixture(scope="module")
def planted():
    return judgements(prompts=40)


@pytest.fixture(scope="module")
def result(planted):
    return measured(planted)


@pytest.fixture(scope="module")
def answers(planted):
    return measure.calls(planted, np.random.default_rng(1))


def value(table, **keys):
    [one] = select(table, **keys)["value"]
    return one


def test_only_ppo_in_its_main_setting_and_its_start_are_read(planted, tmp_path):
    found = tables(prompts=3)
    aligned, proxies = tmp_path / "aligned", tmp_path / "proxies"
    for folder, name in ((aligned, "said"), (aligned, "judged"), (proxies, "margins")):
        folder.mkdir(exist_ok=True)
        found[name].to_parquet(folder / f"{name}.parquet")
    read = Judgements.read(aligned, proxies)
    expected = {"start-initial", *(f"ppo-{rm}-{k}" for rm in EQUAL_SIZE for k in range(2))}
    assert set(read.said["policy"]) == expected
    assert len(read.said) == len(expected) * 18 and len(read.spoken) == (len(expected) - 1) * 18
    found["judged"].drop(columns="rm:poor").to_parquet(aligned / "judged.parquet")
    with pytest.raises(ValueError, match=r"judged.parquet: column 'rm:poor' is missing"):
        Judgements.read(aligned, proxies)


def test_each_response_is_compared_with_the_chosen_one_of_its_prompt(planted):
    chosen = select(planted.judged, subset="mixed").set_index("prompt_id")
    row = planted.compared.iloc[17]
    assert row["chosen"] == chosen.at[row["prompt_id"], "chosen"]
    assert row["half:chosen"] == chosen.at[row["prompt_id"], "rm:half"]
    assert set(planted.compared["subset"]) == {"mixed"} and len(planted.compared) == 9 * 80


def test_a_shard_is_a_fifth_of_the_prompts_of_a_test_set(planted, result):
    points = result.tables["points"]
    assert len(points) == 8 * 3 * 5
    own = planted.spoken
    human = measure.human_scores(planted, np.random.default_rng(0))
    prompts = np.sort(own.query("subset == 'mixed'")["prompt_id"].unique())[8:16]
    kept = (own["subset"] == "mixed") & own["prompt_id"].isin(prompts)
    kept &= own["policy"] == "ppo-half-1"
    [row] = points.query("policy == 'ppo-half-1' and subset == 'mixed' and shard == 1").to_dict(
        "records"
    )
    assert row["human"] == pytest.approx(human[kept].mean())
    score = own["rm:large"]
    assert row["large"] == pytest.approx((score[kept].mean() - score.mean()) / score.std(ddof=0))


def test_correlations_are_scipys_and_means_over_policies(planted, result, registry):
    human = measure.human_scores(planted, np.random.default_rng(0))
    own, points, table = planted.spoken, result.tables["points"], result.estimates["agreement"]
    each = [
        spearmanr(own.loc[rows, "rm:strong"], human[rows]).statistic
        for rows in own.groupby("policy").indices.values()
    ]
    assert value(table, rm="strong", what="responses") == pytest.approx(np.mean(each))
    groups = points.groupby("policy")
    each = [spearmanr(group["strong"], group["human"]).statistic for _, group in groups]
    assert value(table, rm="strong", what="shards") == pytest.approx(np.mean(each))


def test_what_a_model_gives_all_responses_to_a_prompt_does_not_count_on_one_prompt(planted):
    """A reward model that is right on every prompt, but from a zero of its own on each."""
    human = measure.human_scores(planted, np.random.default_rng(0))
    said = planted.said.copy()
    said.loc[said["rm"] != "start", "rm:large"] = human + 50 * (planted.spoken["prompt_id"] % 7)
    changed = Judgements(said, planted.judged, planted.margins)
    points = measure.points(changed, human)
    table = measure.agreement(changed, human, points, load_registry())
    assert value(table, rm="large", what=measure.ONE_PROMPT) > 0.99  # rounding unties some
    assert abs(value(table, rm="large", what=measure.RESPONSES)) < 0.5


def test_a_tie_is_an_error_and_the_papers_accuracy_stands_beside(result, registry):
    planted = judgements(prompts=10)
    margins = planted.margins.assign(small=0.0)
    changed = Judgements(planted.said, planted.judged, margins)
    assert changed.accuracies("small").tolist() == [0.0] * 4
    row = select(result.estimates["agreement"], rm="poor", what="accuracy", subset="mixed").iloc[0]
    assert row["paper"] == pytest.approx(0.6652)
    assert row["value"] == pytest.approx(0.5 + SKILLS["poor"] / 2, abs=0.002)


def test_outcomes_are_counted_for_all_runs_of_a_reward_model_together(planted, answers, result):
    judged, rows = result.estimates["judged"], planted.compared["rm"] == "large"
    first, second = answers["biased"][:, rows]
    plain = {"rm": "large", "judge": "biased", "order": measure.PLAIN}
    assert value(judged, **plain, what="win") == (first == 1).mean()
    assert value(judged, **plain, what="win minus lose") == pytest.approx(first.mean())
    swapped = plain | {"order": measure.SWAPPED}
    assert value(judged, **swapped, what="win") == ((first == 1) & (second == 1)).mean()
    assert value(judged, **swapped, what="flips") == (first != second).mean()
    paper = select(judged, rm="large", judge="people", order=measure.PLAIN).set_index("what")
    assert paper["paper"][["win", "tie", "lose"]].tolist() == [0.80, 0.12, 0.08]
    assert select(judged, order=measure.SWAPPED)["paper"].isna().all()


def test_a_bias_wins_for_what_is_shown_first_and_the_swap_takes_it_back(result):
    judged = result.estimates["judged"]
    for rm in EQUAL_SIZE:
        fair, biased = (
            [value(judged, rm=rm, judge=j, order=o, what="win minus lose")
             for o in (measure.PLAIN, measure.SWAPPED)] for j in ("machine", "biased")
        )  # fmt: skip
        assert biased[0] > fair[0] + 0.05 and fair[0] == fair[1]
        assert abs(biased[1]) <= abs(biased[0]) + 0.5
        assert value(judged, rm=rm, judge="machine", order=measure.SWAPPED, what="flips") == 0


def test_what_was_planted_is_found(result, registry):
    for claim in registry.measured_by("elephant_judges"):
        assert agrees(claim, result.quantities), claim.id


def test_reward_models_that_know_nothing_and_policies_that_are_worse_refute(registry):
    """The less accurate a model, the more it knows; the more accurate, the worse its policies."""
    skills = dict(zip(LADDER, (0.95, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1, -0.9), strict=True))
    right = {rm: 0.5 + 0.05 * place for place, rm in enumerate(LADDER)}
    drafts = dict(zip(DRAFTS, (1, 8, 4, 2, 1), strict=True))
    quantities = measured(judgements(drafts, skills, right, prompts=40)).quantities
    for claim in registry.measured_by("elephant_judges"):
        assert not agrees(claim, quantities), claim.id


def test_pairs_that_are_not_told_apart_do_not_count(planted, answers):
    judged = planted.compared
    quality = judged["rm"].map({"start": 0, "conflicting": 0, "half": 0, "large": 1, "strong": 2})
    noise = np.random.default_rng(0).normal(size=len(judged))
    good, other = (quality * sign + 0.1 * noise for sign in (1, -1))
    assert measure.ordered_differently(planted, good, good) == 0
    assert measure.ordered_differently(planted, good, other) == 1
    assert np.isnan(measure.ordered_differently(planted, good, noise * 0 + 1))
    half = judged["rm"].map({"start": 0, "conflicting": 0, "half": 0, "large": 2, "strong": 1})
    found = measure.ordered_differently(planted, good, half + 0.1 * noise)
    assert found == pytest.approx(1 / 5)  # of five pairs told apart, one


def test_people_agree_with_other_people_as_much_as_noise_allows(result):
    found = result.quantities
    kappas = told(found, "the machine judge and people: Cohen's kappa",
                  "other people and people: Cohen's kappa",
                  "the three rules and people: Cohen's kappa").tolist()  # fmt: skip
    assert 0.2 < kappas[0] < kappas[1] < kappas[2] < 0.9
    biased = values(found, "the biased machine judge and people: Cohen's kappa")
    assert biased[0] < kappas[0]


def test_the_same_seed_gives_the_same_numbers(planted, result):
    again = measured(planted)
    for name, table in result.estimates.items():
        pd.testing.assert_frame_equal(table, again.estimates[name])


@pytest.fixture(scope="module")
def shown(result):
    return replicated(result.estimates)


def test_the_points_of_both_evaluators_are_drawn(result):
    axes = show.plot_points(result.tables["points"]).axes
    assert [title(axis) for axis in axes] == ["poor (GPT-J)", "evaluator (Starling-34B)"]
    own = result.tables["points"].query("subset == 'mixed'")
    np.testing.assert_allclose(dots(axes[1])["mixed"], own[["evaluator", "human"]])


def test_the_most_accurate_model_is_on_top_beside_the_papers(shown):
    axes = show.plot_agreement(shown["agreement"]).axes
    assert names(axes[0])[0] == "evaluator (Starling-34B)"
    assert names(axes[0])[-1] == "poor (GPT-J)"
    [papers] = diamonds(axes[0])
    assert papers[0] == pytest.approx(80.21) and papers[-1] == pytest.approx(66.52)
    cells = show.agreement_table(shown["agreement"]).set_index("Reward model")
    assert cells.at["oracle", "Accuracy, mixed, %"] == "–"
    assert cells.at["small (Pythia-1.4B)", "Accuracy, mixed, %"].startswith("68.")  # 1.05 times 65


@pytest.mark.parametrize("order", [measure.PLAIN, measure.SWAPPED])
def test_bars_add_up_and_the_papers_stand_below(shown, order):
    bars, right = show.plot_judged(shown["judged"], order).axes
    labels = names(bars)
    assert labels.count("machine judge") == 4
    assert labels.count("paper: GPT-4") == labels.count("paper: people")
    assert labels.count("paper: people") == (4 if order == measure.PLAIN else 0)
    ends = {}
    for patch in bars.patches:
        ends[patch.get_y()] = ends.get(patch.get_y(), 0) + patch.get_width()
    assert set(np.round(list(ends.values()), 6)) <= {1.0, 1.05}
    assert len(diamonds(right)) == labels.count("paper: people") * 2


def test_tables_of_judges(shown):
    swapped = show.swap_table(shown["judged"])
    assert swapped["Judge"].drop_duplicates().tolist() == list(show.JUDGES.values())
    assert len(swapped) == 20 and set(swapped.query("Judge == 'machine judge'").iloc[:, 5]) == {"0"}
    cells = show.stand_in_table(shown["stand_in"])
    assert len(cells) == 7 and cells["Judge"].iloc[-1] == "other people"
    assert len(show.spread(shown["judged"], "people", "win")) == 4


def test_the_smallest_scale_has_the_same_names_and_is_drawn(result):
    small = measured(judgements(prompts=6, runs=1, pairs=20))
    assert list(small.quantities) == list(result.quantities)
    read = replicated(small.estimates)
    for figure in (
        show.plot_points(small.tables["points"]),
        show.plot_agreement(read["agreement"]),
        show.plot_judged(read["judged"]),
    ):
        figure.canvas.draw()


def test_margins_of_the_fixture_are_what_is_asked_for():
    table = margins(dict.fromkeys(LADDER, 0.7), 10)
    assert (table["poor"] > 0).groupby(table["source"]).mean().tolist() == [0.7] * 4
