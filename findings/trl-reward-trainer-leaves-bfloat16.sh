#!/usr/bin/env bash
# TRL 1.16.0: after `RewardTrainer.train()` on its defaults, the very model object that was trained
# goes on scoring in bfloat16, although its weights are float32.
#
# Expected: a model that was loaded in float32 scores in float32 once training is over.
# Seen: the trainer's default is bf16 mixed precision (with `use_cpu=True` too), and accelerate
# 1.15.0 wraps the model's `forward` in autocast for good. 3,600 responses with different rewards
# then share about 1,200 values. A copy that is saved and loaded again tells all of them apart.
# `accelerator.unwrap_model(model)` changes nothing; with `keep_fp32_wrapper=False` it takes the
# wrapper off. So a script that trains and then scores ranks responses by rounded rewards.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.13.0 transformers==5.23.0 trl==1.16.0 accelerate==1.15.0 \
	datasets==5.2.0
export HF_HUB_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 OMP_NUM_THREADS=1
venv/bin/python - 2>/dev/null <<'PY'
import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForSequenceClassification, PreTrainedTokenizerFast
from trl import RewardConfig, RewardTrainer

vocabulary = {word: i for i, word in enumerate(["<pad>", "<eos>", *map(str, range(60))])}
backend = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
backend.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=backend, pad_token="<pad>", eos_token="<eos>"
)
torch.manual_seed(0)
config = LlamaConfig(
    vocab_size=len(vocabulary), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
    num_attention_heads=2, num_labels=1, pad_token_id=0, eos_token_id=1,
)
model = LlamaForSequenceClassification(config)
rows = [{"chosen": f"{i} {i + 1}", "rejected": f"{i + 1} {i}"} for i in range(58)]
trainer = RewardTrainer(
    model=model,
    args=RewardConfig(output_dir="out", max_steps=2, use_cpu=True, report_to="none"),
    train_dataset=Dataset.from_list(rows),
    processing_class=tokenizer,
)
trainer.train()


def distinct(model):
    ids = torch.cartesian_prod(torch.arange(2, 62), torch.arange(2, 62))
    with torch.no_grad():
        return len(model(ids).logits.float().unique())


print("weights:", next(model.parameters()).dtype, " bf16:", trainer.args.bf16)
after = distinct(model)
plain = distinct(trainer.accelerator.unwrap_model(model))
model.save_pretrained("saved")
saved = distinct(LlamaForSequenceClassification.from_pretrained("saved"))
whole = distinct(trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False))
print(f"distinct rewards of 3600: after training {after}, unwrapped {plain}, saved {saved},")
print(f"without the wrapper {whole}")
assert next(model.parameters()).dtype is torch.float32
assert after == plain < 1800 and saved == whole > 3400
PY
echo "as described"
