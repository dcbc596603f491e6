"""Why a record is rejected, passed over or marked, and what the owner of the file can do.

In: nothing. Out: the words that loaders, reports and messages share.
"""

COMMON = {
    "bad_json": "write the record as one JSON object on one line",
    "blank_line": "delete the line",
    "contexts_differ": "make chosen and rejected share everything before the final Assistant turn",
    "empty_transcript": "fill in the whole conversation, or delete the record",
    "missing_field": "add the field with its value",
    "no_final_assistant": "end the transcript with an Assistant turn holding the response",
    "no_opening_human": "begin the transcript with a Human turn (two line breaks, then 'Human:')",
    "not_a_string": "give the text as one JSON string",
    "not_an_object": "write the record as a JSON object with the fields of the format",
    "wrong_encoding": "save the file as UTF-8, without lone surrogates",
}
"""Reasons that every report counts, found or not, with what the owner of the file can do."""

REMEDIES = COMMON | {
    "bad_choice": "give the index of the preferred response, 0 or 1",
    "bad_label": "give 1 or 2 for the preferred response, or 0 for a tie",
    "carriage_returns": "write line breaks as \\n alone: carriage returns hide turn markers",
    "deleted": "leave it out, or restore the message",
    "duplicate_id": "give every message and every reviewer an id of its own",
    "duplicate_key": "keep each key of a JSON object once",
    "empty_request": "fill in what the responses answer, or delete the record",
    "failed_review": "leave it out, or have the message reviewed again",
    "no_reviews": "give at least one review of each response",
    "not_a_list": "give a JSON list",
    "not_a_number": "give a finite JSON number",
    "not_opposite": "let the two scores add up to 0",
    "not_plain": "give a string, a number or null",
    "not_two": "give exactly two entries",
    "orphan": "add the messages that lead from parent_id to an opening request",
    "out_of_range": "give a number that the format allows",
    "reviewers_differ": "let the same reviewers rate both responses",
    "synthetic": "leave it out, or replace the text of a model by one of a person",
    "tie": "leave it out, or ask for more judgements: neither response is preferred",
    "too_deep": "cut the conversation short: no message may have 100 others above it",
    "too_many_responses": "keep 100 usable responses to a prompt at most",
    "turn_marker": "reword the text: it holds 'Human:' or 'Assistant:' after two line breaks",
    "unknown_role": "let the roles alternate between prompter and assistant",
    "unknown_split": "give train, valid1 or valid2",
    "unranked": "leave it out, or have the replies to the message ranked",
    "wrong_parent": "let parent_id name the message that the reply stands below",
}
"""Every reason for which a record is rejected."""

PASSED = {
    "no_comparison": ("hold no two responses to compare", "give two or more to a prompt"),
    "other_language": ("are in other languages", "set subset to one of them, or null for all"),
    "other_split": ("are of the other split", "set split to {}"),
}
"""Why a sound record is passed over: what is said of such records, and how to have them read."""

FLAGS = ("control_characters", "empty_response", "identical_pair")
"""Properties of records that are kept and counted; cleaning rules decide about them later."""
