import numpy as np
import pytest

from proxyreward.data.transcripts import ASSISTANT, HUMAN
from proxyreward.models.tokenizer import (
    PAD,
    OwnTokenizer,
    encode,
    encode_prompts,
    load_tokenizer,
    make_tokenizer,
    train_tokenizer,
)

PROMPT = f"{HUMAN} What does the cow eat?{ASSISTANT}"


@pytest.mark.parametrize(
    "text",
    [
        "The cow eats grass.",
        "Größe, naïve café, 牛は草を食べる, корова",
        "🐄🌿 \U0001f468‍\U0001f469‍\U0001f467",
        " two  spaces\tand\n\nlines ",
        "".join(map(chr, range(1, 128))),
        PROMPT,
    ],
)
def test_any_text_survives_encoding(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text


def test_random_unicode_survives_encoding(tokenizer):
    rng = np.random.default_rng(0)
    for _ in range(20):
        text = "".join(map(chr, rng.integers(1, 0xD800, 40)))
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_padding_is_not_the_end(tokenizer):
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    assert {tokenizer.pad_token_id, tokenizer.eos_token_id} == {0, 1}


@pytest.mark.parametrize("marker", [HUMAN, ASSISTANT])
def test_turn_markers_are_single_tokens(tokenizer, marker):
    (alone,) = tokenizer(marker)["input_ids"]
    assert tokenizer(PROMPT)["input_ids"].count(alone) == 1


def test_vocabulary_is_no_larger_than_asked_and_merges_are_learnt(tokenizer, texts):
    assert len(tokenizer) == 400
    assert len(tokenizer(texts[0])["input_ids"]) < len(texts[0]) / 2


def test_equal_texts_give_equal_tokenizers(tokenizer, texts, tmp_path):
    for name, trained in (("a", tokenizer), ("b", train_tokenizer(texts, 400))):
        trained.save_pretrained(tmp_path / name)
    files = [(tmp_path / name / "tokenizer.json").read_bytes() for name in "ab"]
    assert files[0] == files[1]


def test_a_saved_tokenizer_is_loaded_as_it_was(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert isinstance(loaded, OwnTokenizer)
    assert encode(loaded, [PROMPT], ["🐄"], 99) == encode(tokenizer, [PROMPT], ["🐄"], 99)
    assert (loaded.pad_token_id, loaded.eos_token_id, len(loaded)) == (0, 1, len(tokenizer))


def test_a_tokenizer_of_ours_is_read_and_saved_as_by_transformers(tokenizer, tmp_path):
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(tmp_path / "a")
    loaded = load_tokenizer(tmp_path / "a")
    loaded.save_pretrained(tmp_path / "b")
    for file in ("tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    theirs = AutoTokenizer.from_pretrained(tmp_path / "b")
    assert loaded.get_vocab() == theirs.get_vocab() and len(loaded) == len(theirs)
    for ids in np.random.default_rng(0).integers(0, len(loaded), (50, 12)).tolist():
        assert loaded.decode(ids) == theirs.decode(ids)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("tokenizer_config.json", ('"pad_token": "<pad>"', '"pad_token": "<eos>"')),
        ("tokenizer_config.json", ("{", '{"add_bos_token": true,')),
        ("tokenizer.json", ('"<pad>"', '"<p>"')),
        ("tokenizer.json", ("{", "")),
    ],
)
def test_a_tokenizer_that_differs_is_none_of_ours(tokenizer, tmp_path, file, change):
    tokenizer.save_pretrained(tmp_path)
    OwnTokenizer(tmp_path)
    path = tmp_path / file
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(Exception):  # noqa: B017
        OwnTokenizer(tmp_path)


@pytest.mark.parametrize("pad", ["<eos>", None])
def test_a_tokenizer_without_a_padding_token_of_its_own_gets_one(tokenizer, tmp_path, pad):
    from transformers import PreTrainedTokenizerFast

    shared = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer.backend_tokenizer, eos_token="<eos>", pad_token=pad
    )
    shared.save_pretrained(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert loaded.pad_token == PAD and loaded.pad_token_id != loaded.eos_token_id


def test_a_row_is_prompt_response_and_end(tokenizer):
    (row,) = encode(tokenizer, [PROMPT], ["It eats grass."], max_length=99)
    assert row[-1] == tokenizer.eos_token_id and tokenizer.eos_token_id not in row[:-1]
    assert tokenizer.decode(row[:-1]) == f"{PROMPT} It eats grass."
    (empty,) = encode(tokenizer, [PROMPT], [""], max_length=99)
    assert empty == [*tokenizer(PROMPT)["input_ids"], tokenizer.eos_token_id]


def test_a_long_row_loses_its_beginning(tokenizer):
    (full,) = encode(tokenizer, [PROMPT], ["It eats grass."], max_length=99)
    for longest in range(1, len(full) + 2):
        assert encode(tokenizer, [PROMPT], ["It eats grass."], longest) == [full[-longest:]]


def test_a_prompt_is_the_head_of_its_rows(tokenizer):
    (head,) = encode_prompts(tokenizer, [PROMPT], max_length=99)
    (row,) = encode(tokenizer, [PROMPT], ["It eats grass."], max_length=99)
    assert row[: len(head)] == head
    assert encode_prompts(tokenizer, [PROMPT], max_length=3) == [head[-3:]]


def test_prompts_and_responses_must_be_as_many(tokenizer):
    with pytest.raises(ValueError):
        encode(tokenizer, [PROMPT], [], max_length=9)
    assert encode(tokenizer, [], [], max_length=9) == []


def test_padding_of_an_earlier_call_does_not_leak_into_encode(tokenizer):
    before = encode(tokenizer, ["\n\nHuman: Hi\n\nAssistant:"], ["The cow."], 64)
    tokenizer(["The cow.", "The"], padding="max_length", truncation=True, max_length=3)
    assert encode(tokenizer, ["\n\nHuman: Hi\n\nAssistant:"], ["The cow."], 64) == before


def test_a_pretrained_base_brings_its_own_tokenizer(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    own = make_tokenizer(str(tmp_path), ["never read"], 300)
    assert own.get_vocab() == tokenizer.get_vocab()
    assert len(make_tokenizer("scratch", ["the cow"] * 9, 300)) <= 300
