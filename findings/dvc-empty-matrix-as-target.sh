#!/usr/bin/env bash
# DVC 3.67.1: the name of a stage whose matrix is empty, given as target, runs the whole pipeline.
#
# Expected: `dvc repro train` runs nothing, or says that `train` has no stages, when the matrix of
# `train` is an empty list in params.yaml.
# Seen: exit status 0, and every *other* stage of dvc.yaml runs, as if no target had been given.
# An unknown target, for comparison, is refused with exit status 255.
# So a script that runs one step of a pipeline does the most work just where it should do none.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet dvc==3.67.1
export PATH="$PWD/venv/bin:$PATH"
mkdir project && cd project
dvc init --no-scm --quiet
dvc config core.analytics false

cat > dvc.yaml <<'YAML'
stages:
  train:
    matrix: {model: "${models}"}
    cmd: echo trained ${item.model} > trained-${item.model}.txt
    outs: ["trained-${item.model}.txt"]
  report:
    cmd: echo written > report.txt
    outs: [report.txt]
YAML

echo 'models: [small]' > params.yaml
dvc repro train >/dev/null 2>&1
ls
[ -e trained-small.txt ] && [ ! -e report.txt ]  # one entry: the target alone runs

rm trained-small.txt
echo 'models: []' > params.yaml
dvc repro train
ls
[ -e report.txt ]  # no entry: what was not asked for has run

if dvc repro no-such-stage 2>/dev/null; then exit 1; fi
echo "as described"
