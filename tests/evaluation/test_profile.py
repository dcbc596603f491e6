import pytest

from proxyreward.data.report import DataError
from proxyreward.evaluation.profile import check
from proxyreward.evaluation.reading import Options

HEAD = "prompt_id,response_id,model,score"


@pytest.fixture
def profile(tmp_path):
    """Function that gives the profile of a table, a list of texts for each name in front."""

    def told(text, **options):
        (tmp_path / "scores.csv").write_text(text)
        lines = {}
        for line in check([tmp_path / "scores.csv"], Options(**options)).split("\n"):
            name, _, what = line.partition(" ")
            lines.setdefault(name, []).append(what.strip())
        return lines

    return told


def test_counts_of_a_table(profile):
    lines = profile(HEAD + "\np,a,x,1\np,b,x,2\np,c,x,3\nq,a,x,4\nq,a,y,4\n")
    assert lines["format"] == ["long"]
    assert lines["rows"] == ["5"]
    assert lines["prompts"] == ["2"]
    assert lines["responses"] == ["4; 1 to 3 a prompt, median 2"]
    assert lines["models"] == ["2 (share of responses scored): x (100%), y (25%)"]
    assert any(note.startswith("one-response: 1 ") for note in lines["note"])


def test_a_poor_table_says_how_to_get_what_is_missing(profile):
    lines = profile(HEAD + "\np,a,x,1\np,b,x,2\n")
    assert lines["golden"][0].startswith("none; takes every model")
    for word in ("second model", "two responses", "--golden-file", "rater", "--category", "length"):
        assert any(word in what for what in lines["missing"])
    assert lines["supported"] == ["symptoms of faults in the scores"]


def test_a_rich_table_lacks_nothing(profile):
    rows = [
        f"{p},{r},people,{k},{rater},u,{p},{k}\n{p},{r},rm,{k},,u,{p},{k}"
        for p in "pq" for k, r in enumerate("abc") for rater in ("v", "w")
    ]  # fmt: skip
    text = HEAD + ",rater,category,cluster,length\n" + "\n".join(rows) + "\n"
    lines = profile(text, golden=("people",))
    assert "missing" not in lines
    assert lines["golden"] == ["raters"] and lines["raters"] == ["2"]
    assert lines["categories"] == ["1"] and lines["clusters"] == ["2"]
    assert len(lines["supported"]) == 6
    assert any(note.startswith("duplicate-rows: 6 ") for note in lines["note"])


def test_names_cannot_steer_a_terminal(profile):
    assert "\x1b" not in str(profile(HEAD + "\np,a,x\x1b[2J,1\n"))


def test_a_table_that_cannot_be_read_is_an_error(profile):
    with pytest.raises(DataError, match="row 2, field 'score'"):
        profile(HEAD + "\np,a,x,oh\n")
