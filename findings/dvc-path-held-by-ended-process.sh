#!/usr/bin/env bash
# DVC 3.67.1: a killed `dvc repro` whose parent has not asked yet how it ended still holds its paths.
#
# Expected: after a kill the next `dvc repro` runs; DVC notes holders of paths by process number and
# says that it removes those of processes that are gone.
# Seen: a process that has ended but was not waited for (a zombie, as they stay for good in a
# container whose first process waits for nobody) counts as running, and so does any process that
# has the number after a restart. The stage is refused with "is busy, it is being blocked by" and
# exit status 255. Once the parent has asked, the same command runs.
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
    cmd: touch begun && test -e ready || sleep 60
    outs: [begun]
YAML

cat > check.py <<'PY'
import os
import subprocess
import time

run = subprocess.Popen(["dvc", "repro"], start_new_session=True)
while not os.path.exists("begun"):
    time.sleep(0.1)
os.killpg(run.pid, 9)  # as the kernel does when memory runs out; nobody has waited for it yet
os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOWAIT)
open("ready", "w").close()
again = subprocess.run(["dvc", "repro"], capture_output=True, text=True)
print(again.returncode, again.stderr)
assert again.returncode == 255 and "is busy" in again.stderr and f"(PID {run.pid})" in again.stderr
run.wait()
assert subprocess.run(["dvc", "repro"]).returncode == 0
PY
python3 check.py
echo "as described"
