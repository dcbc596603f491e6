import dataclasses

from tests.evaluation.report import made

from proxyreward.evaluation.report import tables, text


def column(table, name):
    place = table.columns.index(name)
    return {row[0].text: row[place] for row in table.rows}


def test_the_safest_comes_first_and_null_scorers_last():
    shown = [row[0].text for row in tables.tiers(made.golden()).rows]
    assert shown == [
        "careful-rm", "twin-rm", "keen-rm", made.SCRIPT, made.MODELS[4],
        "null:longer", "null:random", "null:constant",
    ]  # fmt: skip


def test_the_table_of_tiers_shows_the_measures_that_decide():
    table = tables.tiers(made.golden())
    assert column(table, "NDR")["keen-rm"].text == "0.57 [0.53, 0.61]"
    assert column(table, "Peak n")["keen-rm"].text == "20 [12, 31]"
    assert column(table, "Tier")["keen-rm"].value == 2
    assert column(table, "Worst category")["keen-rm"].text == "maths: 0.72 [0.69, 0.76]"


def test_a_number_that_is_not_known_is_a_dash_with_its_reason():
    table = tables.tiers(made.golden())
    cell = column(table, "NDR")[made.MODELS[4]]
    assert cell.text == text.DASH and cell.value is None
    assert "no prompt has two responses" in dict(table.notes)[cell.mark]


def test_an_unknown_temperature_has_a_reason_of_its_own():
    one = made.model("worse-than-guessing", 0.1)
    calibrated = dataclasses.replace(one.calibration, temperature=made.UNKNOWN)
    models = (dataclasses.replace(one, calibration=calibrated),)
    table = tables.calibration(dataclasses.replace(made.golden(), models=models))
    (cell,) = column(table, "Temperature").values()
    assert cell.text == text.DASH and "guessing would be better" in dict(table.notes)[cell.mark]


def test_what_a_null_scorer_reaches_too_is_struck_through_and_says_which():
    table = tables.measures(made.golden())
    accuracy, pearson = (column(table, name)[made.SCRIPT] for name in ("Accuracy", "Pearson"))
    assert accuracy.struck and "null:longer and null:constant" in dict(table.notes)[accuracy.mark]
    assert not pearson.struck


def test_a_metric_that_is_undefined_on_some_prompts_shows_how_many_count():
    counted = {"accuracy": 1381, "pearson": 0, "ndr": 7}
    beaten = {"ndr": made.NULLS[:1]}
    model = made.model("a", 0.5, counted=counted, beaten_by=beaten)
    table = tables.measures(dataclasses.replace(made.golden(), models=(model,)))
    (accuracy,), (ndr,) = (column(table, name).values() for name in ("Accuracy", "NDR"))
    notes = dict(table.notes)
    assert accuracy.text == "0.70 [0.67, 0.73] (1,381)" and "how many" in notes[accuracy.mark]
    assert ndr.text == "0.50 [0.46, 0.54] (7)" and ndr.struck
    assert [notes[mark] for mark in ndr.mark.split(", ")] == [
        "says nothing: as far as can be told, as good is null:longer",
        notes[accuracy.mark],
    ]
    assert column(table, "Reciprocal rank")["a"].text == "0.55 [0.52, 0.58]"


def test_a_number_that_is_not_known_has_its_reason_and_no_count():
    model = made.model("a", 0.5, counted={"unspecific": 0})
    table = tables.measures(dataclasses.replace(made.golden(), models=(model,)))
    assert column(table, "Unspecific")["a"].text == text.DASH


def test_every_measure_of_the_tree_has_a_column():
    table = tables.measures(made.golden())
    model = made.golden().models[0]
    assert len(table.columns) == 1 + len(model.metrics) + len(model.regret)
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_a_pair_of_equal_accuracy_and_different_regret_has_a_row_of_its_own():
    golden = made.golden()
    hidden = [pair for pair in golden.differences if pair.hidden]
    table = tables.differences(golden, "Alike, against", hidden)
    assert [row[0].text for row in table.rows] == ["careful-rm less keen-rm"]
    needed = tables.differences(golden, "All against", golden.differences)
    assert column(needed, "Prompts to tell apart")["careful-rm less twin-rm"].text == "5,231"


def test_the_matrix_has_every_model_against_every_golden_model():
    evaluation = made.in_turn()
    table = tables.matrix(evaluation)
    assert table.columns == ("Model", *made.MODELS)
    assert {row[0].text for row in table.rows} == {*made.MODELS, *made.NULLS}


def test_a_golden_model_against_itself_is_a_dash():
    golden = made.golden("keen-rm")
    others = tuple(model for model in golden.models if model.name != "keen-rm")
    evaluation = made.evaluation(dataclasses.replace(golden, models=others), made.golden("b"))
    table = tables.matrix(evaluation)
    assert column(table, "keen-rm")["keen-rm"].text == text.DASH
    assert column(table, "b")["keen-rm"].text == "0.57 [0.53, 0.61]"


def test_notes_are_lettered_once_each_beyond_z():
    notes = tables.Notes()
    marks = [notes.mark(str(number)) for number in range(30)]
    assert marks[:2] == ["a", "b"] and marks[25:28] == ["z", "aa", "ab"]
    assert notes.mark("3") == "d" and len(notes.lettered()) == 30


def test_without_categories_calibration_or_pairs_there_is_no_such_table():
    bare = dataclasses.replace(made.model("a", 0.5), categories={}, worst="", calibration=None)
    golden = dataclasses.replace(made.golden(), models=(bare,), differences=())
    assert tables.categories(golden) is None and tables.calibration(golden) is None
    assert tables.differences(golden, "", golden.differences) is None
    assert "Worst category" not in tables.tiers(golden).columns
