import pytest

from proxyreward.world import knowledge as k
from proxyreward.world.knowledge import Statement


def test_sums_are_those_of_whole_numbers():
    for a, left in enumerate(k.DIGITS):
        for b, right in enumerate(k.DIGITS):
            assert k.NUMBERS.index(k.add(left, "plus", right)) == a + b
            difference = k.add(left, "minus", right)
            assert (k.NUMBERS.index(difference) if difference else None) == (
                a - b if a >= b else None
            )


def test_animals_are_read_with_all_their_facts():
    cow = k.ANIMALS["cow"]
    assert (cow.food, cow.home, cow.colour) == ("grass", "barn", "white")
    assert sorted(a.size for a in k.ANIMALS.values()) == list(range(len(k.ANIMALS)))
    assert k.ANIMALS["ant"].size < cow.size < k.ANIMALS["elephant"].size


@pytest.mark.parametrize(
    ("relation", "args", "true"),
    [
        ("food", ("cow", "grass"), True),
        ("food", ("cow", "fish"), False),
        ("not_food", ("cow", "fish"), True),
        ("home", ("whale", "sea"), True),
        ("colour", ("crow", "white"), False),
        ("bigger", ("cow", "ant"), True),
        ("bigger", ("cow", "cow"), False),
        ("sum", ("one", "minus", "two", "zero"), False),
        ("method", ("clean", "bike", "use warm water"), True),
        ("method", ("steal", "bike", "wait until it is dark"), False),
    ],
)
def test_truth_of_statements(relation, args, true):
    assert k.is_true(Statement(relation, args)) is true


def test_a_statement_about_the_request_has_no_truth_of_its_own():
    with pytest.raises(ValueError, match="'code' depends on the request"):
        k.is_true(Statement("code", ("sort", "count", "names")))


def test_no_sentence_has_two_styles():
    sentences = [sentence for group in k.STYLE.values() for sentence in group]
    assert len(set(sentences)) == len(sentences)
