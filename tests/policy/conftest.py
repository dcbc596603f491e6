"""The tokenizer and the models of tests/models."""

from tests.models.conftest import bf16, corpus, one_thread, reward_model, shape, texts, tokenizer

__all__ = ["bf16", "corpus", "one_thread", "reward_model", "shape", "texts", "tokenizer"]
