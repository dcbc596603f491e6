"""A server on this machine that answers like an OpenAI-compatible endpoint, from a script."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from proxyreward.judges.cache import Cache
from proxyreward.judges.client import Client
from proxyreward.judges.endpoint import Endpoint
from proxyreward.judges.secret import Key

SECRET = "sk-a-secret-that-shows-nowhere"


def completion(text: str | None, **message) -> dict:
    """Body of a reply as a server sends it."""
    ended = message.pop("finish_reason", "stop")
    choice = {"message": {"content": text, **message}, "finish_reason": ended}
    return {"id": "c-1", "object": "chat.completion", "model": "judge-1", "choices": [choice]}


def failure(message: str, code: str | None = None) -> dict:
    """Body of an error."""
    return {"error": {"message": message, "code": code, "type": "error"}}


class Server:
    """Answers each question by what ``says`` returns for it, and records what it was asked.

    ``says(material, number)`` takes what stands in the question as JSON and how many requests came
    before; it returns a word, or ``(status, body, headers)`` with the body as an object or bytes.
    """

    def __init__(self) -> None:
        self.says: Callable = lambda material, number: "TIE"
        self.asked: list[dict] = []
        self.keys: list[str | None] = []
        self.pause = 0.0
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                status, body, headers = owner.reply(self, json.loads(self.rfile.read(size)))
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(raw)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_: None  # a client that has gone
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def reply(self, request: BaseHTTPRequestHandler, body: dict) -> tuple[int, object, dict]:
        with self._lock:
            number = len(self.asked)
            self.asked.append(body)
            self.keys.append(request.headers["Authorization"])
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.pause)
        with self._lock:
            self.at_once -= 1
        assert request.path == "/v1/chat/completions"
        text = body["messages"][0]["content"]
        said = self.says(json.loads(text[text.rindex("\n\n{") :]), number)
        return (200, completion(said), {}) if isinstance(said, str) else said

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server():
    found = Server()
    yield found
    found.close()


@pytest.fixture
def client(server):
    return Client(server.url, Key(SECRET), timeout=5, wait=0.01)


@pytest.fixture
def cache(tmp_path):
    with Cache(tmp_path / "answers.jsonl") as found:
        yield found


@pytest.fixture
def judge(client, cache):
    return Endpoint(client, "judge", cache)
