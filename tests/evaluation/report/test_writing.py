import json

import pytest
from tests.evaluation.report import made

from proxyreward.data.report import DataError
from proxyreward.evaluation.report import FILES, apart, write


def test_three_files_are_written_and_written_anew(tmp_path):
    write(made.evaluation(), tmp_path / "out")
    write(made.evaluation(alarms=()), tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(FILES)
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text())["alarms"] == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_same_name_that_no_report_wrote_stays(tmp_path, name):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / name).write_text("mine")
    with pytest.raises(DataError, match="was not written by evaluate; give --out"):
        write(made.evaluation(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", name}
    assert (tmp_path / name).read_text() == "mine"


def test_what_is_read_is_not_written_over(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "evaluation.json")
    write(made.evaluation(), tmp_path)
    for read in (tmp_path / "evaluation.json", tmp_path / "link.json", tmp_path):
        with pytest.raises(DataError, match="is read and would be written"):
            apart([read], tmp_path)
    apart([tmp_path / "other.csv"], tmp_path)


def test_a_report_that_cannot_be_made_leaves_the_older_one(tmp_path):
    write(made.evaluation(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(TypeError):
        write(made.evaluation(settings={"seed": object()}), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
