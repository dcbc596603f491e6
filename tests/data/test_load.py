import pytest

from proxyreward.data.load import load_pairs
from proxyreward.data.pairs import read, write
from proxyreward.data.report import DataError


def test_a_loaded_frame_can_be_stored(hub_file, make_record, tmp_path):
    path = hub_file(make_record(), make_record(chosen=""))
    frame, report = load_pairs("local", str(path), None, "test", None)
    write(frame, tmp_path / "pairs.parquet")
    assert len(read(tmp_path / "pairs.parquet")) == report.kept == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_format": "hhh"}, "data_format 'hhh' is unknown; did you mean 'hh'"),
        ({"source": "hup"}, "source 'hup' is unknown; did you mean 'hub'"),
        ({"name": None}, "data.name is empty"),
        ({"max_records": 0}, "max_records is 0; give 1 or more"),
    ],
)
def test_unknown_settings_are_errors_with_a_remedy(change, message):
    settings = {"source": "local", "name": "x", "subset": None, "split": "test"}
    with pytest.raises(DataError, match=message):
        load_pairs(**(settings | {"max_records": None} | change))


def test_a_file_without_any_usable_record_is_an_error_that_says_why(hub_file):
    path = hub_file(b"{", b'{"chosen": 1}')
    with pytest.raises(DataError, match=r"(?s)no record can be used.*2 records read.*line 1: bad"):
        load_pairs("local", str(path), None, "test", None)
