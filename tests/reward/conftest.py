"""The tokenizer and the models of tests/models."""

from tests.models.conftest import corpus, one_thread, reward_model, shape, texts, tokenizer

__all__ = ["corpus", "one_thread", "reward_model", "shape", "texts", "tokenizer"]
