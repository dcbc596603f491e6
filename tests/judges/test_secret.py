"""The key shows nowhere but in the header of a request."""

import copy
import pickle
import traceback

import pytest
from tests.judges.conftest import SECRET, completion, failure
from tests.judges.test_client import BODY, then

from proxyreward.data.report import DataError
from proxyreward.judges.client import EndpointError
from proxyreward.judges.secret import Key


def test_a_key_has_no_repr_and_no_pickle(client):
    assert SECRET not in f"{Key(SECRET)!r} {Key(SECRET)} {client!r}"
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            write(Key(SECRET))


@pytest.mark.parametrize("status", [400, 401, 500])
def test_a_server_that_repeats_the_key_does_not_spread_it(server, client, status):
    server.says = then((status, failure(f"wrong key: {SECRET}"), {}))
    with pytest.raises(EndpointError, match=r"wrong key: \[key\]") as caught:
        client.complete(BODY)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_an_answer_that_repeats_the_key_is_kept_without_it(server, judge, tmp_path):
    body = completion(f"Bearer {SECRET}") | {"model": f"judge of {SECRET}"}
    server.says = then((200, body, {}))
    judge(["Why?"], ["a"], ["b"])
    kept = (tmp_path / "answers.jsonl").read_text()
    assert "[key]" in kept and SECRET not in kept
    assert SECRET not in f"{judge!r} {judge.account()}"


def test_the_key_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert repr(Key.of_environment()) == "Key()"
    monkeypatch.setenv("MY_KEY", f"{SECRET}\n")
    key = Key.of_environment("MY_KEY")
    assert key.struck_out(f"a {SECRET} b") == "a [key] b"
    with pytest.raises(DataError, match="OTHER is not set"):
        Key.of_environment("OTHER")


@pytest.mark.parametrize("value", [f"{SECRET} x", f"{SECRET}\r\nX: y", f"{SECRET}ü"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_told(monkeypatch, value):
    monkeypatch.setenv("OPENAI_API_KEY", value)
    with pytest.raises(DataError, match="holds blanks or signs") as caught:
        Key.of_environment()
    assert SECRET not in str(caught.value)


def test_a_stopgap_is_no_secret(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "TIE")
    assert Key.of_environment().struck_out("TIE") == "TIE"


def test_a_netrc_file_is_not_used(server, client, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    client.complete(BODY)
    client.key = Key()
    client.complete(BODY)
    assert server.keys == [f"Bearer {SECRET}", None]
