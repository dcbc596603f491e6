import json

import pytest

from proxyreward.data.report import DataError
from proxyreward.models.base import check, fingerprint
from proxyreward.models.build import build_policy, build_reward_model
from proxyreward.models.tokenizer import load_tokenizer


@pytest.fixture
def base(shape, tokenizer, tmp_path):
    """Folder of a small language model and its tokenizer."""
    folder = tmp_path / "base"
    build_policy("scratch", shape, tokenizer, seed=0).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def settings(name="config.json", **changes):
    """An edit that sets keys of a JSON file, and takes those away that are None."""

    def edit(folder):
        told = json.loads((folder / name).read_text()) | changes
        kept = {key: value for key, value in told.items() if value is not None}
        (folder / name).write_text(json.dumps(kept))

    return edit


def without(name):
    return lambda folder: (folder / name).unlink()


def holds(name, data):
    return lambda folder: (folder / name).write_bytes(data)


def pickled(folder):
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def in_shards_but_one(folder):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="8KB")
    next(folder.glob("model-00002-*")).unlink()


def refusal(base, max_length=64, policy=True):
    """The one line that says what is wrong with a base."""
    with pytest.raises(DataError) as told:
        check(str(base), max_length, policy)
    assert str(told.value).startswith(f"pretrained base {base}: ")
    assert "\n" not in str(told.value)
    return str(told.value)


def test_a_whole_base_is_taken_in_silence(base, capfd):
    check(str(base), max_length=64, policy=True)
    assert capfd.readouterr() == ("", "")


TOKENIZER = "tokenizer_config.json"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (without("config.json"), "holds no config.json"),
        (holds("config.json", b"{"), "config.json cannot be read"),
        (holds("config.json", b"[1]"), "config.json cannot be read"),
        (holds("config.json", b"\xff\xfe"), "config.json cannot be read"),
        (settings(model_type="unheard-of"), "config.json cannot be read"),
        (settings(hidden_size="wide"), "config.json cannot be read"),
        (settings(auto_map={"AutoModelForCausalLM": "mine.Model"}), "code of its own"),
        (settings(quantization_config={"quant_method": "gptq", "bits": 4}), "quantised"),
        (settings(num_hidden_layers=3), "lacks 9 of the weights"),
        (settings(hidden_size=32), "weights that its config.json describes"),
        (settings(is_causal=False), "no causal language model"),
        (without("model.safetensors"), "holds no model.safetensors"),
        (pickled, "pickled ones are never read"),
        (in_shards_but_one, "model cannot be read"),
        (holds("model.safetensors", LFS), "model cannot be read"),
        (without("tokenizer.json"), "tokenizer cannot be read"),
        (holds("tokenizer.json", LFS), "tokenizer cannot be read"),
        (settings(TOKENIZER, eos_token=None), "no end-of-sequence token"),
        (
            settings(TOKENIZER, eos_token=None, sep_token="<sep>"),
            "(its separator is '<sep>')",
        ),
        (
            lambda folder: [
                settings(TOKENIZER, tokenizer_class="ByT5Tokenizer")(folder),
                without("tokenizer.json")(folder),
            ],
            "no fast backend",
        ),
        (
            lambda folder: [
                settings(TOKENIZER, tokenizer_class="GPT2Tokenizer", eos_token="<eos>")(folder),
                without("tokenizer.json")(folder),
            ],
            "finds no token",
        ),
    ],
)
def test_a_base_of_which_no_models_can_be_made_is_refused(base, edit, words):
    edit(base)
    assert words in refusal(base)


@pytest.mark.parametrize("name", ["missing/base", "../missing", "/missing", "größe"])
def test_a_base_that_does_not_exist_is_refused(name, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    assert "there is no such folder" in refusal(name)
    with pytest.raises(DataError, match="there is no such folder"):
        fingerprint(name)


def test_a_folder_without_a_model_and_a_file_are_refused(base, tmp_path):
    assert "holds no config.json" in refusal(tmp_path)
    assert "name the folder" in refusal(base / "config.json")


def test_all_that_is_wrong_stands_in_one_line(tokenizer, tmp_path):
    from transformers import BertConfig, BertForMaskedLM

    size = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    config = BertConfig(vocab_size=400, max_position_embeddings=32, **size)
    BertForMaskedLM(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    settings(TOKENIZER, eos_token=None)(tmp_path)
    told = refusal(tmp_path)
    for words in ("32 positions", "no end-of-sequence token", "no causal language model"):
        assert words in told


def test_positions_must_suffice(base):
    check(str(base), max_length=64, policy=False)
    assert "64 positions, fewer than model.max_length=65" in refusal(base, max_length=65)


def test_policies_need_a_head_for_words_and_reward_models_do_not(base, shape, tokenizer):
    build_reward_model("scratch", shape, tokenizer, seed=0).save_pretrained(base)
    check(str(base), max_length=64, policy=False)
    assert "it is a reward model" in refusal(base)


def test_policies_need_all_weights_of_their_head(base):
    settings(tie_word_embeddings=False)(base)
    check(str(base), max_length=64, policy=False)
    assert "lm_head.weight" in refusal(base)


def test_a_separator_taken_as_the_end_is_enough(base):
    settings(TOKENIZER, eos_token=None, sep_token="<sep>")(base)
    with pytest.raises(DataError, match="no end-of-sequence"):
        load_tokenizer(base)
    settings(TOKENIZER, eos_token="<sep>")(base)
    assert load_tokenizer(base).eos_token == "<sep>"
    check(str(base), max_length=64, policy=True)


def test_the_fingerprint_of_a_folder_is_its_content(base, tmp_path):
    before = fingerprint(str(base))
    assert before == fingerprint(str(base.rename(tmp_path / "moved")))
    settings(model_type="other")(tmp_path / "moved")
    assert fingerprint(str(tmp_path / "moved")) != before


def test_the_fingerprint_of_a_hub_model_is_its_commit(base, tmp_path, monkeypatch):
    commit, hub = "0123456789abcdef0123456789abcdef01234567", tmp_path / "hub"
    model = hub / "models--mine--small"
    (model / "snapshots").mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs/main").write_text(commit)
    base.rename(model / "snapshots" / commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(hub))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert fingerprint("mine/small") == commit
    (model / "snapshots" / commit / "config.json").unlink()
    with pytest.raises(DataError, match="no such model on the hub"):
        fingerprint("mine/small")
