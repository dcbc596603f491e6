#!/usr/bin/env bash
# DVC 3.67.1: `dvc exp run -S rate=0.00002` changes more of params.yaml than that one number.
#
# Expected: `rate` becomes 0.00002 and every other value stays what it was, quotes included.
# Seen, without Hydra composition: the file then holds `rate: 2e-05`, and an untouched `"no"` loses
# its quotes. YAML 1.1, which PyYAML 6.0.3 follows, wants a point in a float's mantissa and reads a
# bare `no` as false: a program that reads the file with PyYAML gets the text '2e-05' and False.
# Seen, with Hydra composition: the number is spelt `2.0e-05`, but the file is composed anew from
# the configuration, and a value that stood in params.yaml alone is lost.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet dvc==3.67.1 pyyaml==6.0.3
export PATH="$PWD/venv/bin:$PATH"
mkdir project && cd project
git init --quiet
git config user.name reader
git config user.email reader@example.org
dvc init --quiet
dvc config core.analytics false

cat > params.yaml <<'YAML'
rate: 0.001
seeds: 5
answer: "no"
YAML
cat > dvc.yaml <<'YAML'
stages:
  show:
    cmd: cp params.yaml seen.yaml
    params: [rate, seeds, answer]
    outs: [seen.yaml]
YAML
git add . && git commit --quiet -m start

read_back='import yaml; print(yaml.safe_load(open("params.yaml")))'
dvc exp run -S rate=0.00002 >/dev/null 2>&1
cat params.yaml
[ "$(python -c "$read_back")" = "{'rate': '2e-05', 'seeds': 5, 'answer': False}" ]

git checkout --quiet params.yaml
mkdir conf
sed 's/seeds: 5/seeds: 2/' params.yaml > conf/config.yaml
dvc config hydra.enabled True
dvc config hydra.config_dir conf
git add . && git commit --quiet -m composed
dvc exp run -S rate=0.00002 >/dev/null 2>&1
cat params.yaml
[ "$(python -c "$read_back")" = "{'rate': 2e-05, 'seeds': 2, 'answer': 'no'}" ]
echo "as described"
