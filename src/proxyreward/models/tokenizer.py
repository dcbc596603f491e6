"""Tokenizers: byte-level BPE trained on the run's own text, or the one of a pretrained model.

Training texts come in; a tokenizer of transformers, or one that can do as much of it as is used,
goes out.  Callers: the `data` stage (build), every stage that touches a model (load, encode).

Two traps are settled here.  The padding token is never the end-of-sequence token, or the reward
would be read before the end.  Long prompts are cut on the left, so that the response and the last
question stay; nothing is dropped.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from proxyreward.data.report import DataError
from proxyreward.data.transcripts import ASSISTANT, HUMAN
from proxyreward.models.pretrained import reading

PAD, EOS = "<pad>", "<eos>"
EXAMPLE = "a b c 1 2 3"
UNCUT = 1 << 30  # a length that no row exceeds
SCRATCH = "scratch"  # the base of models and tokenizers that start from nothing
WORDS, CONFIG = "tokenizer.json", "tokenizer_config.json"
OWN = {
    "backend": "tokenizers",
    "eos_token": EOS,
    "model_max_length": int(1e30),
    "pad_token": PAD,
    "tokenizer_class": "TokenizersBackend",
}
"""What CONFIG says of a tokenizer that was trained here."""


class OwnTokenizer:
    """A tokenizer that was trained here, as far as it is used, without transformers around it."""

    def __init__(self, folder: str | Path):
        from tokenizers import Tokenizer

        self.backend_tokenizer = Tokenizer.from_file(str(Path(folder) / WORDS))
        ids = self.pad_token_id, self.eos_token_id = 0, 1
        known = tuple(map(self.backend_tokenizer.token_to_id, (PAD, EOS))) == ids
        if not known or json.loads((Path(folder) / CONFIG).read_text(encoding="utf-8")) != OWN:
            raise ValueError(f"{folder}: its tokenizer is none of ours")

    def __len__(self) -> int:
        return self.backend_tokenizer.get_vocab_size()

    def get_vocab(self) -> dict[str, int]:
        """The id of each token."""
        return self.backend_tokenizer.get_vocab()

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some tokens."""
        return self.backend_tokenizer.decode(ids, skip_special_tokens=False)

    def save_pretrained(self, folder: str | Path) -> None:
        """Save as transformers does, so that it can read the tokenizer."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.backend_tokenizer.save(str(Path(folder) / WORDS))
        text = json.dumps(OWN, indent=2, sort_keys=True)
        (Path(folder) / CONFIG).write_text(text + "\n", encoding="utf-8")


def train_tokenizer(texts: Iterable[str], vocab_size: int):
    """Byte-level BPE of at most ``vocab_size`` tokens; it encodes any text without loss.

    The two turn markers are single tokens.  The same texts in the same order give the same
    tokenizer.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[PAD, EOS, HUMAN, ASSISTANT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, eos_token=EOS)


def load_tokenizer(name: str | Path):
    """The tokenizer in a folder or on the hub, with a padding token that is not its EOS.

    Raises
    ------
    DataError
        If there is none, it has no fast backend or no end-of-sequence token, or it finds no token
        in a text.
    """
    with contextlib.suppress(Exception):  # of others' files and of broken ones: transformers tells
        own = OwnTokenizer(name)
        if _ids(own, [EXAMPLE])[0]:
            return own
    from transformers import AutoTokenizer

    with reading(name, "tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    fault = _fault(tokenizer)
    if fault:
        raise DataError(f"{name}: its tokenizer {fault}")
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        tokenizer.add_special_tokens({"pad_token": PAD})
    return tokenizer


def _fault(tokenizer) -> str | None:
    """What keeps a tokenizer from being used here, and the remedy."""
    if not tokenizer.is_fast:
        return "has no fast backend (tokenizer.json); choose a base with one"
    if tokenizer.eos_token_id is None:
        separator = f" (its separator is {tokenizer.sep_token!r})" if tokenizer.sep_token else ""
        return (
            "has no end-of-sequence token; choose a base with one, or give it one as eos_token in "
            f"its tokenizer_config.json{separator}"
        )
    # Without its files, a tokenizer that transformers knows is made without a vocabulary.
    if not _ids(tokenizer, [EXAMPLE])[0]:
        return "finds no token in a text; add its files, such as tokenizer.json"
    return None


def make_tokenizer(base: str, texts: Iterable[str], vocab_size: int):
    """The tokenizer of a pretrained base; for ``"scratch"`` one trained on the run's own texts."""
    if base == SCRATCH:
        return train_tokenizer(texts, vocab_size)
    return load_tokenizer(base)


def encode(
    tokenizer, prompts: Sequence[str], responses: Sequence[str], max_length: int
) -> list[list[int]]:
    """Token ids of ``prompt + " " + response + EOS``, at most ``max_length`` a row.

    What is too long loses its beginning, see the module's docstring.
    """
    texts = [f"{p} {r}" if r else p for p, r in zip(prompts, responses, strict=True)]
    return [[*row, tokenizer.eos_token_id][-max_length:] for row in _ids(tokenizer, texts)]


def encode_prompts(tokenizer, prompts: Sequence[str], max_length: int) -> list[list[int]]:
    """Token ids of prompts that await a response, at most ``max_length`` a row, cut on the left."""
    return [row[-max_length:] for row in _ids(tokenizer, list(prompts))]


def encode_answers(
    tokenizer, prompts: Sequence[str], responses: Sequence[str], max_length: int
) -> tuple[list[list[int]], list[int]]:
    """Token rows as :func:`encode` makes them, and where each row's response begins."""
    whole = encode(tokenizer, prompts, responses, UNCUT)
    asked = list(dict.fromkeys(prompts))
    heads = dict(zip(asked, map(len, encode_prompts(tokenizer, asked, UNCUT))))
    rows = [row[-max_length:] for row in whole]
    # A row that lost its beginning has lost as many tokens of its prompt.
    kept = [max(heads[p] - (len(w) - len(r)), 0) for p, w, r in zip(prompts, whole, rows)]
    return rows, kept


def _ids(tokenizer, texts: list[str]) -> list[list[int]]:
    """Token ids without offsets and masks, which would cost as much time as the tokens."""
    backend = tokenizer.backend_tokenizer
    # An earlier call of the tokenizer leaves its padding and truncation switched on.
    backend.no_padding()
    backend.no_truncation()
    found = backend.encode_batch_fast(texts, add_special_tokens=False)
    return [encoding.ids for encoding in found]
