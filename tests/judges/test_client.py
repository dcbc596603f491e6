"""The client against a real server on this machine: what is tried again, and what is an error."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from tests.judges.conftest import SECRET, completion, failure

from proxyreward.data.report import DataError
from proxyreward.judges import client as module
from proxyreward.judges.client import Client, EndpointError, base_url, retry_after
from proxyreward.judges.question import question
from proxyreward.judges.secret import Key

BODY = {"model": "judge", "messages": [{"role": "user", "content": question("Why?", "a", "b")}]}


def then(*replies):
    """Gives these replies one after another, the last one for ever."""
    return lambda material, number: replies[min(number, len(replies) - 1)]


def test_a_reply_has_text_and_the_model_that_gave_it(server, client):
    assert client.complete(BODY) == ("TIE", "", "judge-1")
    assert server.asked == [BODY] and server.keys == [f"Bearer {SECRET}"]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_what_passes_is_tried_again(server, client, status):
    server.says = then((status, failure("busy"), {}), (status, b"<html>", {}), "FIRST")
    assert client.complete(BODY).text == "FIRST" and len(server.asked) == 3 == client.sent


@pytest.mark.parametrize(
    "body",
    [b'{"choices": [', b"", b"[]", {"choices": []}, {"choices": [{"message": None}]}, {"ok": 1}],
)
def test_a_body_that_is_no_completion_is_tried_again(server, client, body):
    server.says = then((200, body, {}), "SECOND")
    assert client.complete(BODY).text == "SECOND"


def test_in_the_end_it_is_an_error_that_says_what_the_server_says(server, client):
    server.says = then((500, failure("the model is on fire"), {}))
    with pytest.raises(EndpointError, match="500 .the model is on fire.*6 times.*are kept"):
        client.complete(BODY)
    assert len(server.asked) == module.ATTEMPTS


def test_waits_get_longer(server, client, monkeypatch):
    waits = []
    monkeypatch.setattr(client, "_pause", lambda seconds: seconds > 0 and waits.append(seconds))
    server.says = then((500, b"", {}))
    with pytest.raises(EndpointError):
        client.complete(BODY)
    ends = [0.01 * 2**k for k in range(module.ATTEMPTS - 1)]
    assert all(end / 2 <= wait <= end for wait, end in zip(waits, ends, strict=True))


def test_retry_after_is_honoured_for_all_that_is_sent(server, client):
    server.says = then((429, failure("slow"), {"Retry-After": "0.4"}), "TIE")
    start = time.monotonic()
    client.complete(BODY)
    assert time.monotonic() - start >= 0.4
    assert client._not_before >= start + 0.4


def test_retry_after_as_a_date():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 97 < retry_after(date) <= 100
    assert retry_after("-3") == 0 and retry_after("nan") is None and retry_after(None) is None


def test_a_server_that_asks_to_wait_for_hours_ends_the_run(server, client):
    server.says = then((429, failure("quota of today"), {"Retry-After": "7200"}))
    with pytest.raises(EndpointError, match="wait 7200 seconds; run the command again then"):
        client.complete(BODY)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ((401, failure("no such key"), {}), "401 .no such key.; set the environment variable"),
        ((404, failure("no such model"), {}), "404 .no such model.; check --endpoint.*--model"),
        ((400, failure("temperature"), {}), "400 .temperature.; check --endpoint"),
        ((418, b"\xff", {}), "answers 418; check"),
        ((429, failure("pay", "insufficient_quota"), {}), "429 .pay.; the account has no quota"),
        ((307, b"", {"Location": "http://127.0.0.1:1/"}), "307; give --endpoint the address"),
    ],
)
def test_what_does_not_pass_is_an_error_at_once(server, client, reply, told):
    server.says = then(reply)
    with pytest.raises(EndpointError, match=told):
        client.complete(BODY)
    assert len(server.asked) == 1


def test_no_server_and_no_reply(server):
    gone = Client("http://127.0.0.1:9/v1", Key(), timeout=1, wait=0.001)
    with pytest.raises(EndpointError, match="no connection"):
        gone.complete(BODY)
    server.pause = 3
    slow = Client(server.url, Key(), timeout=0.05, wait=0.001)
    with pytest.raises(EndpointError, match=r"no reply within 0.05 seconds, 6 times"):
        slow.complete(BODY)


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ((200, completion(None, refusal="I cannot help."), {}), "refused"),
        ((200, completion("", finish_reason="content_filter"), {}), "filtered"),
        ((400, failure("policy", "content_filter"), {}), "filtered"),
        ((200, completion("FIRST", finish_reason="length"), {}), "cut off"),
    ],
)
def test_no_answer_is_told_apart_from_one(server, client, reply, problem):
    server.says = then(reply)
    assert client.complete(BODY).problem == problem


@pytest.mark.parametrize(
    "url", ["", "ftp://a/v1", "http://", "api.openai.com/v1", "http://a:b/v1", "http://[a/v1"]
)
def test_an_address_that_is_none(url):
    with pytest.raises(DataError, match="--endpoint: is no address"):
        base_url(url)


@pytest.mark.parametrize("url", ["http://u:{}@a/v1", "http://a/v1?key={}", "http://a/v1#{}"])
def test_an_address_holds_no_key(url):
    with pytest.raises(DataError, match="a key goes into the environment") as caught:
        base_url(url.format(SECRET))
    assert SECRET not in str(caught.value)
