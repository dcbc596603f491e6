"""Texts that are safe to print, and tracebacks that are kept somewhere in any case."""

from proxyreward.messages import keep_traceback, visible


def test_what_a_terminal_obeys_is_escaped_and_the_rest_stays():
    assert visible("größe – 数 \x1b[31m\u202e\ud800\n") == "größe – 数 \\x1b[31m\\u202e\\ud800\\n"
    assert visible("a\nb\t", keep="\n") == "a\nb\\t"


def test_a_traceback_is_kept_where_it_belongs_or_in_a_temporary_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").touch()  # no folder can be made below it
    for folder in (tmp_path / "logs", tmp_path / "file" / "logs", None):
        try:
            raise KeyError("\ud800")
        except KeyError as error:
            path = keep_traceback(error, "toy", folder)
        assert "KeyError" in path.read_text() and path.suffix == ".txt"
        assert (path == tmp_path / "logs" / "toy.txt") is (folder == tmp_path / "logs")
