#!/usr/bin/env bash
# torch 2.13.0: making an eager optimiser imports the compiler: in a fresh process the first
# `torch.optim.SGD(...)` costs about as much processor time as `import torch` itself.
#
# Expected: plain SGD on one parameter, nothing compiled, needs no module beyond torch.
# Seen: `add_param_group` is guarded against the compiler, and calling the guard imports
# `torch._dynamo`, sympy and 800 modules with them, about one second. Calling the method without its
# guard (`inspect.unwrap`) imports none of them, and takes the same steps. A pipeline that trains in
# many short-lived workers pays it in each.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.13.0 numpy==2.4.6
cat > check.py <<'PY'
import inspect
import sys

import torch

weight = torch.nn.Parameter(torch.ones(3))
before = set(sys.modules)


class Bare(torch.optim.SGD):
    add_param_group = inspect.unwrap(torch.optim.SGD.add_param_group)
    step = torch.no_grad()(inspect.unwrap(torch.optim.SGD.step))


bare = Bare([weight], lr=0.5)
weight.grad = torch.ones(3)
bare.step()
told = [name for name in ("torch._dynamo", "sympy") if name in sys.modules]
print("without the guard:", len(set(sys.modules) - before), "modules,", told)
assert not told and weight.tolist() == [0.5] * 3

torch.optim.SGD([weight], lr=0.5)
more = set(sys.modules) - before
print("as it comes:", len(more), "modules")
assert {"torch._dynamo", "sympy"} <= more and len(more) > 500
PY
venv/bin/python check.py
