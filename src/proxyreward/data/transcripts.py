"""The HH transcript format: turns that start with ``\\n\\nHuman:`` or ``\\n\\nAssistant:``.

In: transcript strings. Out: prompts, responses and single turns.
"""

import re

HUMAN = "\n\nHuman:"
ASSISTANT = "\n\nAssistant:"

_MARKER = re.compile(f"({HUMAN}|{ASSISTANT})")


class TranscriptError(ValueError):
    """A transcript that breaks the format; ``reason`` is the short code that reports count."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def unix(text: str) -> str:
    r"""The text with every line break written as ``\n``."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def hides_markers(transcript: str, marker: re.Pattern[str] = _MARKER) -> bool:
    """Whether carriage returns keep a turn marker from being seen as one."""
    if "\r" not in transcript:
        return False
    return len(marker.findall(unix(transcript))) != len(marker.findall(transcript))


def turns(transcript: str) -> list[tuple[str, str]]:
    """Split a transcript into ``(marker, text)`` turns, each text stripped.

    Raises
    ------
    TranscriptError
        If the transcript is empty or does not begin with a Human turn.
    """
    if not transcript.strip():
        raise TranscriptError("empty_transcript", "the transcript is empty")
    if not transcript.startswith(HUMAN):
        raise TranscriptError("no_opening_human", f"the transcript does not begin with {HUMAN!r}")
    parts = _MARKER.split(transcript)
    return [(mark, text.strip()) for mark, text in zip(parts[1::2], parts[2::2], strict=True)]


def render(conversation: list[tuple[str, str]]) -> str:
    r"""Join ``(marker, text)`` turns into a transcript; the inverse of :func:`turns`.

    An empty text leaves the bare marker, so a prompt ends with ``\n\nAssistant:``.

    Examples
    --------
    >>> render([(HUMAN, "Hello"), (ASSISTANT, "")])
    '\n\nHuman: Hello\n\nAssistant:'
    """
    return "".join(f"{mark} {text}" if text else mark for mark, text in conversation)


def single(request: str) -> str:
    """Prompt of a conversation that has only begun: one request, waiting for its response."""
    return render([(HUMAN, request), (ASSISTANT, "")])


def split(transcript: str) -> tuple[str, str]:
    r"""Split a transcript into ``(prompt, response)``.

    The prompt runs up to and including the last ``\n\nAssistant:``; the response is what follows,
    stripped, and may be empty.

    Raises
    ------
    TranscriptError
        If the transcript is empty, does not begin with a Human turn, does not end with an
        Assistant turn, or holds carriage returns where a turn begins.
    """
    if hides_markers(transcript):
        raise TranscriptError("carriage_returns", "carriage returns hide a turn marker")
    if turns(transcript)[-1][0] != ASSISTANT:
        raise TranscriptError("no_final_assistant", "the last turn is not an Assistant turn")
    cut = transcript.rindex(ASSISTANT) + len(ASSISTANT)
    return transcript[:cut], transcript[cut:].strip()


def requests(prompt: str) -> list[str]:
    """Texts of the Human turns in order, the opening of the conversation first."""
    return [text for mark, text in turns(prompt) if mark == HUMAN]


def first_request(prompt: str) -> str:
    """Text of the first Human turn: the opening of the conversation."""
    return requests(prompt)[0]


def last_request(prompt: str) -> str:
    """Text of the last Human turn: what the response has to answer."""
    return requests(prompt)[-1]
