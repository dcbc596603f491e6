import pytest

from proxyreward.data.transcripts import (
    ASSISTANT,
    HUMAN,
    TranscriptError,
    first_request,
    last_request,
    render,
    single,
    split,
    turns,
)

TALK = [(HUMAN, "Hi"), (ASSISTANT, "Hello."), (HUMAN, "A plum?"), (ASSISTANT, "Yes.\nHere.")]


def test_render_and_turns_are_inverse():
    assert turns(render(TALK)) == TALK


def test_split_cuts_after_the_last_assistant_marker():
    prompt, response = split(render(TALK))
    assert prompt == render([*TALK[:3], (ASSISTANT, "")])
    assert response == "Yes.\nHere."


def test_a_single_request_is_a_prompt_without_response():
    assert split(single("A plum?")) == (single("A plum?"), "")
    assert turns(single("A plum?")) == [(HUMAN, "A plum?"), (ASSISTANT, "")]


def test_split_keeps_an_empty_response():
    prompt, response = split("\n\nHuman: Hi\n\nAssistant: ")
    assert (prompt, response) == ("\n\nHuman: Hi\n\nAssistant:", "")


def test_requests_of_a_long_prompt():
    prompt, _ = split(render(TALK))
    assert (first_request(prompt), last_request(prompt)) == ("Hi", "A plum?")


def test_a_marker_needs_its_two_line_breaks():
    _, response = split("\n\nHuman: Hi\n\nAssistant: They wrote\nHuman: no")
    assert response == "They wrote\nHuman: no"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty_transcript"),
        (" \n\n ", "empty_transcript"),
        ("Hi\n\nAssistant: Hello.", "no_opening_human"),
        ("\n\nAssistant: Hello.", "no_opening_human"),
        ("\n\nHuman: Hi", "no_final_assistant"),
        ("\r\n\r\nHuman: Hi\r\n\r\nAssistant: Yo", "carriage_returns"),
        ("\n\nHuman: Hi\n\r\nAssistant: Yo", "carriage_returns"),
        ("\n\nHuman: Hi\n\nAssistant: Yo\r\rHuman: So?", "carriage_returns"),
        ("\n\nHuman: Hi\n\nAssistant: Hello.\n\nHuman: Bye", "no_final_assistant"),
    ],
)
def test_broken_transcripts_carry_their_reason(text, reason):
    with pytest.raises(TranscriptError) as caught:
        split(text)
    assert caught.value.reason == reason
