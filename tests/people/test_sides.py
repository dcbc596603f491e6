import numpy as np
import pytest

from proxyreward.data.pairs import Pair
from proxyreward.data.report import DataError
from proxyreward.people.sides import COLUMNS, Key, Sides

PAIRS = [
    (str(line), Pair("\n\nHuman: Hi\n\nAssistant:", f"c{line}", f"r{line}", "hh", {"line": line}))
    for line in range(1, 2001)
]


def test_sides_are_fair_coins_of_the_seed():
    first, again, other = (list(Sides(seed).show(PAIRS)) for seed in (0, 0, 1))
    assert first == again != other
    assert np.mean([each.a_is_chosen for each in first]) == pytest.approx(0.5, abs=0.04)
    assert all(each.a[0] == ("c" if each.a_is_chosen else "r") for each in first)


def test_sides_do_not_depend_on_the_batches():
    one, many = Sides(3), Sides(3)
    parts = [each for at in range(0, 2000, 300) for each in many.show(PAIRS[at : at + 300])]
    assert list(one.show(PAIRS)) == parts


def test_a_key_tells_the_sides_and_notices_other_texts(tmp_path):
    shown = list(Sides(0).show(PAIRS[:9]))
    path = tmp_path / "key.csv"
    path.write_text("\n".join(map(",".join, [COLUMNS, *(each.key() for each in shown)])))
    key = Key.read(path)
    assert {i: first for i, (first, _) in key.pairs.items()} == {
        each.pair_id: each.a_is_chosen for each in shown
    }
    for pair_id, pair in PAIRS[:10]:
        key.check(pair_id, pair)
    with pytest.raises(DataError, match="key.csv, pair 1: people saw other texts .*line 2"):
        key.check("1", PAIRS[1][1])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,A,0\n", "row 2, field 'a': is unknown"),
        ("1,chosen,0\n1,chosen,0\n", "row 3, field 'pair_id': stands here twice"),
    ],
)
def test_a_damaged_key_is_an_error(tmp_path, rows, message):
    path = tmp_path / "key.csv"
    path.write_text(",".join(COLUMNS) + "\n" + rows)
    with pytest.raises(DataError, match=message):
        Key.read(path)
