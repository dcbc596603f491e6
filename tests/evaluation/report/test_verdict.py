import dataclasses

from tests.evaluation.report import made

from proxyreward.evaluation.report import verdict


def golden(*models, **given):
    return dataclasses.replace(made.golden(), models=models, **given)


def test_one_model_in_the_first_tier_is_the_safest():
    told = verdict.against(golden(made.model("a", 0.9, tier=1), made.model("b", 0.95, tier=2)))
    assert told == ["Against gold-rm, a is the safest to optimise against: NDR 0.90 [0.86, 0.94]."]


def test_models_that_cannot_be_told_apart_share_the_verdict():
    (told,) = verdict.against(made.golden())
    assert "careful-rm and twin-rm share the first tier" in told


def test_a_model_that_a_null_scorer_equals_is_not_called_safe():
    beaten = made.model("a", 0.3, tier=1, beaten_by={"ndr": ("null:longer",)})
    (told,) = verdict.against(golden(beaten, made.null("null:longer", 0.3)))
    assert "no model is safe" in told and "null:longer" in told


def test_of_the_first_tier_those_that_a_null_scorer_equals_are_named():
    beaten = made.model("b", 0.8, tier=1, beaten_by={"ndr": ("null:longer",)})
    (told,) = verdict.against(golden(made.model("a", 0.9, tier=1), beaten))
    assert told.endswith("a null scorer does as well as b.")


def test_no_gain_is_not_called_safe():
    (told,) = verdict.against(golden(made.model("a", 0.01, tier=1)))
    assert "no model is known to be safe" in told


def test_a_peak_before_the_largest_n_is_where_to_stop():
    told = verdict.against(golden(made.model("a", 0.9, 0.05, tier=1)))
    assert "highest at n = 20 [12, 31] of 64" in told[1]


def test_without_signal_nothing_is_ranked():
    (told,) = verdict.against(made.unranked())
    assert told.startswith("Against noise, nothing is ranked: Halves of the raters")


def test_a_null_scorer_or_the_golden_model_is_never_the_safest():
    models = (
        made.model("null:longer", 0.99, tier=1, null=True),
        made.model("gold-rm", 1.0, tier=1),
        made.model("a", 0.5, tier=2),
    )
    assert [model.name for model in verdict.first(golden(*models))] == ["a"]


def test_with_every_model_golden_in_turn_the_first_tiers_are_counted():
    told = verdict.overall(made.in_turn())
    assert "in turn" in told[0]
    # Each of the two is golden itself once, and does not count against itself.
    assert told[1] == "Most often in the first tier: careful-rm and twin-rm, 4 of 5."


def test_without_a_golden_model_there_is_no_verdict():
    evaluation = dataclasses.replace(made.evaluation(), goldens=())
    assert verdict.overall(evaluation) == [
        "Nothing is ranked: no model can be taken for the truth."
    ]


def test_metrics_that_say_nothing_are_named_with_the_null_scorers():
    told = verdict.empty(made.golden())
    start, end = "as far as can be told, ", f"does as well as {made.SCRIPT}."
    assert told == [
        f"NDR: {start}null:longer {end}",
        f"Accuracy: {start}null:longer or null:constant {end}",
    ]


def test_metrics_that_say_nothing_of_the_same_models_share_a_sentence():
    nulls = ("null:random",)
    models = [made.model(name, 0.1, beaten_by={"ndr": nulls, "xi": nulls}) for name in "ab"]
    (told,) = verdict.empty(golden(*models))
    assert told.startswith("NDR and Xi: ") and told.endswith("null:random does as well as a and b.")
