"""A language model as judge, behind any OpenAI-compatible endpoint for chat completions.

In: a client, a model and a cache. Out: a judge, and an account of what it could not say.

An answer that is none of the three words is asked for once more and then kept as invalid: NaN, and
never a tie. Every answer goes into the cache, keyed by endpoint, model, temperature and the hash of
the question, so that a question is asked once, whatever happens in between.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

import numpy as np

from proxyreward.judges.cache import Cache, digest, key_of
from proxyreward.judges.client import Client, Reply, Stopped
from proxyreward.judges.question import question, verdict

TRIES = 2  # of a question whose answer cannot be read
UNREADABLE = "unreadable"


@dataclass
class Endpoint:
    """The judge who is a language model.

    Attributes
    ----------
    concurrency
        Most requests at a time.
    told
        Called with the number of new answers and of all that were missing, as they come in.
    """

    client: Client
    model: str
    cache: Cache
    temperature: float = 0.0
    concurrency: int = 4
    told: Callable[[int, int], None] = lambda done, missing: None
    _asked: list[str] = field(default_factory=list, repr=False)

    def __call__(
        self, prompts: Sequence[str], first: Sequence[str], second: Sequence[str]
    ) -> np.ndarray:
        """1, -1, 0 as every judge, NaN where the model gives no valid answer twice."""
        questions = [question(*each) for each in zip(prompts, first, second, strict=True)]
        self.ask(questions)
        return np.array([_value(self._replies(one)[-1]) for one in questions], dtype=float)

    def ask(self, questions: Sequence[str]) -> None:
        """Bring the answers to all questions into the cache.

        Raises
        ------
        EndpointError
            If the endpoint gives no more of them; those that came in stay in the cache.
        """
        missing = [one for one in dict.fromkeys(questions) if not self.cache.get(self._key(one))]
        self._asked += questions
        with ThreadPoolExecutor(self.concurrency) as pool:
            waiting = [pool.submit(self._answer, one) for one in missing]
            try:
                for done, future in enumerate(as_completed(waiting), start=1):
                    with contextlib.suppress(Stopped):  # by another one, whose error comes
                        future.result()
                        self.told(done, len(missing))
            except BaseException:
                self.client.stop()
                pool.shutdown(cancel_futures=True)
                raise

    def _answer(self, asked: str) -> None:
        replies: list[Reply] = []
        while len(replies) < TRIES and not (replies and _is_valid(replies[-1])):
            replies.append(self.client.complete(self._body(asked)))
        kept = {"model": self.model, "temperature": self.temperature, "question": digest(asked)}
        self.cache.put(self._key(asked), kept | {"replies": replies})

    def _body(self, asked: str) -> dict[str, object]:
        messages = [{"role": "user", "content": asked}]
        return {"model": self.model, "messages": messages, "temperature": self.temperature}

    def _key(self, asked: str) -> str:
        return key_of(endpoint=self.client.url, **self._body(asked))

    def _replies(self, asked: str) -> list[Reply]:
        record = self.cache.get(self._key(asked)) or {"replies": []}
        return [Reply(*each) for each in record["replies"]]

    def account(self) -> dict[str, object]:
        """How the questions so far, each counted once, were answered.

        ``questions``; ``asked_again``, because the first answer could not be read; ``invalid``, the
        answers that could not be read even then, by reason; ``served``, the models that the
        endpoint names.
        """
        each = [self._replies(one) for one in dict.fromkeys(self._asked)]
        last = [replies[-1] for replies in each]
        return {
            "questions": len(each),
            "asked_again": sum(len(replies) > 1 for replies in each),
            "invalid": _counts(
                reply.problem or UNREADABLE for reply in last if not _is_valid(reply)
            ),
            "served": _counts(reply.served for reply in last),
        }


def _is_valid(reply: Reply) -> bool:
    return not np.isnan(_value(reply))


def _value(reply: Reply) -> float:
    found = None if reply.problem else verdict(reply.text)
    return np.nan if found is None else found


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
