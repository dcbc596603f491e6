"""Requests to an OpenAI-compatible endpoint for chat completions, repeated where that can help.

In: a base URL, a key and a body. Out: the reply, or an error that says what to do. What passes (too
many requests, a server's fault, no connection, a body that is no completion) is tried again after a
wait that doubles, or as long as the server asks for in ``Retry-After``.
"""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from proxyreward.data.report import DataError
from proxyreward.judges.secret import Key

if TYPE_CHECKING:
    from requests import Response, Session

ATTEMPTS = 6
LONGEST = 300.0  # seconds that a server may ask to wait; beyond, the run ends and can go on later
PASSING = (408, 409, 425, 429)  # and all from 500 on
REMEDIES = {
    401: "set the environment variable of the key, see --key-env",
    403: "set the environment variable of the key, see --key-env",
    404: "check --endpoint, which ends in /v1 for most servers, and --model",
}
QUOTA, FILTERED = "insufficient_quota", "content_filter"


class EndpointError(DataError):
    """The endpoint gives no answers; those that it gave are kept."""


class Stopped(Exception):
    """Another request has failed for good, so this one is given up."""


class Reply(NamedTuple):
    """An answer: its text, why it is none (empty if it is one), and which model gave it."""

    text: str
    problem: str = ""
    served: str = ""


class _Passing(Exception):
    """A fault that may be gone on the next attempt; `wait` in seconds if the server names it."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


@dataclass
class Client:
    """Sends requests, from several threads if need be.

    Attributes
    ----------
    url
        Base URL, such as ``https://api.openai.com/v1``.
    key
        Signs the requests.
    timeout
        Seconds to connect, and to wait for the next part of a reply.
    wait
        Seconds before the second attempt; twice as long before each further one.
    """

    url: str
    key: Key
    timeout: float = 60.0
    wait: float = 1.0

    def __post_init__(self) -> None:
        self.url = base_url(self.url)
        self._own = threading.local()
        self._stop = threading.Event()
        self._not_before = 0.0  # on the monotonic clock: a server's wish holds for all threads
        self._counting = threading.Lock()
        self.sent = 0

    def stop(self) -> None:
        """Send nothing more; requests that wait raise :class:`Stopped`."""
        self._stop.set()

    def complete(self, body: Mapping[str, Any]) -> Reply:
        """The reply to one body.

        Raises
        ------
        EndpointError
            If there is none, and trying again now would not help.
        """
        fault: Exception = Stopped()
        for attempt in range(ATTEMPTS):
            self._pause(self._not_before - time.monotonic())
            try:
                return self._once(body)
            except _Passing as error:
                fault = error
                if attempt + 1 == ATTEMPTS:
                    break
                if error.wait is None:
                    self._pause(self.wait * 2**attempt * random.uniform(0.5, 1))
                else:
                    self._hold(error.wait)
        raise self._failed(f"{fault}, {ATTEMPTS} times in a row", "try again later")

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(max(seconds, 0.0)):
            raise Stopped

    def _hold(self, seconds: float) -> None:
        """Let no thread send anything for some time."""
        if seconds > LONGEST:
            raise self._failed(f"asks to wait {seconds:.0f} seconds", "run the command again then")
        self._not_before = max(self._not_before, time.monotonic() + seconds)

    def _failed(self, what: str, remedy: str) -> EndpointError:
        """The error after which nothing more is sent."""
        self.stop()
        what = self.key.struck_out(f"{self.url}: {what}")
        return EndpointError(f"{what}; {remedy}. The answers so far are kept")

    def _session(self) -> "Session":
        import requests

        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
        return self._own.session

    def _once(self, body: Mapping[str, Any]) -> Reply:
        import requests

        with self._counting:
            self.sent += 1
        try:
            response = self._session().post(
                f"{self.url}/chat/completions",
                json=body,
                auth=self.key,
                timeout=self.timeout,
                allow_redirects=False,  # which could carry the key elsewhere
            )
        except requests.Timeout:
            raise _Passing(f"no reply within {self.timeout:g} seconds") from None
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise _Passing(f"no connection ({type(error).__name__})") from None
        except requests.RequestException as error:
            what = f"cannot be asked ({type(error).__name__})"
            raise self._failed(what, "check --endpoint") from None
        if response.status_code == 200:
            return self._reply(response)
        return self._refused(response)

    def _refused(self, response: "Response") -> Reply:
        """The reply where the question was filtered out; any other refusal is an error."""
        status, (code, message) = response.status_code, _fault(response)
        told = f"answers {status}" + (f" ({message})" if message else "")
        if status == 400 and code == FILTERED:
            return Reply("", "filtered")
        if code == QUOTA:
            raise self._failed(told, "the account has no quota left: add some, or change the key")
        if status in PASSING or status >= 500:
            raise _Passing(told, retry_after(response.headers.get("Retry-After")))
        remedy = REMEDIES.get(status, "check --endpoint and --model")
        if 300 <= status < 400:
            remedy = "give --endpoint the address that this one leads to"
        raise self._failed(told, remedy)

    def _reply(self, response: "Response") -> Reply:
        try:
            body = response.json()
            choice = body["choices"][0]
            message, ended = choice["message"], choice.get("finish_reason")
            text, refusal = message.get("content"), message.get("refusal")
        except (ValueError, LookupError, TypeError, AttributeError):
            raise _Passing("answers 200 with what is no chat completion") from None
        ends = {FILTERED: "filtered", "length": "cut off"}
        problem = "refused" if refusal else ends.get(str(ended), "")
        text = text if isinstance(text, str) else ""
        served = body.get("model")
        return Reply(
            self.key.struck_out(text or str(refusal or "")),
            problem,
            self.key.struck_out(served) if isinstance(served, str) else "",
        )


def _fault(response: "Response") -> tuple[str, str]:
    """Code and message of an error, as far as the body has them, cut to a line."""
    try:
        error = response.json()["error"]
        code, message = error.get("code") or error.get("type"), error.get("message")
    except (ValueError, LookupError, TypeError, AttributeError):
        return "", ""
    return str(code or ""), " ".join(str(message or "").split())[:200]


def retry_after(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, a number or a date; None if it is neither.

    >>> retry_after("2"), retry_after("soon"), retry_after("Wed, 21 Oct 2015 07:28:00 GMT")
    (2.0, None, 0.0)
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return None
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        seconds = (then - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if seconds < float("inf") else None


def base_url(url: str) -> str:
    """A base URL without what need not stand there.

    Raises
    ------
    DataError
        If it is no address over HTTP, or could hold a key.

    >>> base_url("http://127.0.0.1:8000/v1/chat/completions")
    'http://127.0.0.1:8000/v1'
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise DataError("--endpoint: is no address; give one such as https://api.openai.com/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise DataError(
            "--endpoint: has more than scheme, host and path; a key goes into the environment, see "
            "--key-env"
        )
    return url.rstrip("/").removesuffix("/chat/completions").rstrip("/")
