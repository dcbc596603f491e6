#!/usr/bin/env bash
# trl 1.12.0 (the last with PPO): two runs of PPOTrainer under one `seed`, each in a fresh process,
# end with different weights, although policy, data and rewards are the same.
#
# Expected: `PPOConfig(seed=...)` fixes the run, as `seed` of transformers' trainer does.
# Seen: the seed reaches the sampling of responses, but the rows of a minibatch are chosen by
# `np.random.permutation`, NumPy's global generator, which nothing seeds. Seeding that one before
# `train()` makes the runs equal.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.13.0 transformers==5.23.0 trl==1.12.0 numpy==2.4.6
cat > run.py <<'PY'
import hashlib
import sys

import numpy as np
import torch
from datasets import Dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)
from trl.experimental.ppo import PPOConfig, PPOTrainer

torch.set_num_threads(1)
words = {f"w{i}": i for i in range(30)} | {"<pad>": 30, "<eos>": 31}
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=Tokenizer(WordLevel(words, unk_token="<pad>")),
    pad_token="<pad>", eos_token="<eos>", padding_side="left",
)
sizes = dict(
    vocab_size=32, hidden_size=16, intermediate_size=32, num_hidden_layers=1,
    num_attention_heads=2, pad_token_id=30, eos_token_id=31,
)
torch.manual_seed(0)
policy, reference = (LlamaForCausalLM(LlamaConfig(**sizes)) for _ in range(2))
reference.load_state_dict(policy.state_dict())
critic, judge = (
    LlamaForSequenceClassification(LlamaConfig(**sizes, num_labels=1)) for _ in range(2)
)
data = Dataset.from_dict({"input_ids": [[i, i + 1, i + 2] for i in range(16)]})
trainer = PPOTrainer(
    PPOConfig(
        "out", seed=1, per_device_train_batch_size=8, gradient_accumulation_steps=1,
        num_mini_batches=2, num_ppo_epochs=1, total_episodes=32, response_length=5,
        learning_rate=1e-2, num_sample_generations=0, gradient_checkpointing=False, bf16=False,
        use_cpu=True, disable_tqdm=True, save_strategy="no", report_to="none",
    ),
    processing_class=tokenizer, model=policy, ref_model=reference, reward_model=judge,
    value_model=critic, train_dataset=data, eval_dataset=data.select(range(1)),
)
if sys.argv[1] == "seeded":
    np.random.seed(1)
trainer.train()
told = b"".join(p.detach().numpy().tobytes() for p in policy.parameters())
print("weights", hashlib.sha256(told).hexdigest()[:12])
PY
export TRL_EXPERIMENTAL_SILENCE=1 HF_HUB_OFFLINE=1
weights() { venv/bin/python run.py "$1" 2>/dev/null | grep '^weights'; }
first=$(weights plain) again=$(weights plain)
echo "seed=1 twice:                 $first, $again"
seeded=$(weights seeded) twice=$(weights seeded)
echo "and NumPy's generator seeded: $seeded, $twice"
[ "$first" != "$again" ] && [ "$seeded" = "$twice" ]
