"""Pretrained bases as wholes: what tells one from another, and whether models can be made of it.

A base comes in: a local folder or the name of a hub model. Out goes its fingerprint, or a
`DataError` that says in one line all that is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proxyreward.data.report import DataError
from proxyreward.files import content_hash
from proxyreward.models.pretrained import language_model, reading, reward_model
from proxyreward.models.tokenizer import load_tokenizer

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


def fingerprint(base: str) -> str:
    """Hash of a local folder's content, or the commit of a hub model.

    Raises DataError if there is no such base, or the hub cannot be reached.
    """
    if Path(base).is_dir():
        return content_hash(base)
    return _file(base, CONFIG).parent.name  # the hub's files lie in snapshots/<commit>/


def check(base: str, max_length: int, policy: bool) -> None:
    """Refuse a pretrained base of which no models can be made.

    Of its weights, the names and shapes are read; those of a hub model are downloaded.

    Parameters
    ----------
    max_length
        Longest prompt and response together, in tokens.
    policy
        Whether policies are made of it beside reward models.

    Raises
    ------
    DataError
        Names all that is wrong with it, and what to do.
    """
    with _quiet():
        faults = list(_faults(base, max_length, policy))
    if faults:
        raise DataError(f"pretrained base {base}: {'; '.join(faults)}")


def _faults(base: str, max_length: int, policy: bool) -> Iterator[str]:
    config, fault = _try(_config, base)
    if fault:
        yield fault
        return
    places = getattr(config.get_text_config(), "max_position_embeddings", None) or max_length
    if 0 < places < max_length:
        yield f"it has {places} positions, fewer than model.max_length={max_length}; lower that"
    yield from filter(None, [_try(load_tokenizer, base)[1]])
    for model in (reward_model, language_model) if policy else (reward_model,):
        _, fault = _try(model, base, device_map="meta")
        if fault:  # the next one would say it once more
            yield fault
            return


def _try(read, base: str, **options) -> tuple:
    """What a reader gives, and what it finds wrong with a base; one of the two is None."""
    try:
        return read(base, **options), None
    except DataError as error:
        return None, str(error).removeprefix(f"{base}: ")


def _config(base: str):
    """The configuration of a base that has one, and weights in a form that we read."""
    from transformers import AutoConfig, PreTrainedConfig

    if _file(base, CONFIG) is None:
        raise DataError(f"{base}: it holds no {CONFIG}; name the folder that save_pretrained wrote")
    with reading(base, CONFIG):
        told, _ = PreTrainedConfig.get_config_dict(base)
        strange = {"auto_map", "quantization_config"} & told.keys()
    if "auto_map" in strange:
        raise DataError(
            f"{base}: it brings code of its own (auto_map in {CONFIG}), which is never run; choose "
            "a base whose classes transformers has"
        )
    if strange:
        raise DataError(f"{base}: its weights are quantised; choose the base before quantisation")
    if not any(_file(base, name) for name in WEIGHTS):
        raise DataError(
            f"{base}: it holds no {' or '.join(WEIGHTS)}; save its weights as safetensors, for "
            "pickled ones are never read"
        )
    with reading(base, CONFIG):
        return AutoConfig.from_pretrained(base, trust_remote_code=False)


def _file(base: str, name: str) -> Path | None:
    """A file of a base, downloaded if need be; None if the base has none of that name."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id
    from transformers.utils import cached_file

    if Path(base).is_dir():
        found = Path(base) / name
        return found if found.is_file() else None
    if Path(base).is_file():
        raise DataError(f"{base}: it is a file; name the folder that holds {CONFIG}")
    try:
        validate_repo_id(base)
        # Whether a hub model is there shows in its configuration.
        found = cached_file(base, name, _raise_exceptions_for_missing_entries=name == CONFIG)
    except HFValidationError:
        raise DataError(f"{base}: there is no such folder; check the spelling") from None
    except OSError as error:
        raise DataError(
            f"{base}: there is no such folder, and no such model on the hub that could be had "
            f"({str(error).splitlines()[0]}); check spelling and network, or name a local folder"
        ) from None
    return Path(found) if found else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from telling of heads that are missing, as they are to be."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
