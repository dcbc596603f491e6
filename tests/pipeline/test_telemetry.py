"""Nothing is reported to anyone, whatever the environment says: no process asks for a name."""

import os
import subprocess
import sys
import textwrap

SITE = """
    import os, socket

    def ask(host, *rest, **more):
        with open(os.environ["ASKED"], "a") as file:
            print(host, file=file)
        raise socket.gaierror("there is no network here")

    socket.getaddrinfo = ask
"""

PROGRAM = """
    import sys
    from dataclasses import dataclass
    from pathlib import Path
    from proxyreward.pipeline.family import run_family

    @dataclass(frozen=True)
    class Model:
        name: str

    def work(item, folder):
        import numpy as np
        from proxyreward.data.pairs import Pair, to_frame
        from proxyreward.models.build import Shape
        from proxyreward.models.tokenizer import train_tokenizer
        from proxyreward.reward.train import RewardSettings, token_pairs, train_reward_model

        pairs = to_frame([Pair(f"Is it {i}?", "Yes, it is.", "No.", "toy") for i in range(4)])
        tokenizer = train_tokenizer(["Is it so? Yes, it is. No."], 270)
        settings = RewardSettings(1, 1e-3, 4, 0.0, 0.0)
        tokens = token_pairs(pairs, np.zeros(4, bool), tokenizer, 32)
        shape = Shape(8, 1, 1, 32)
        train_reward_model(tokens, tokenizer, "scratch", shape, settings, 0, folder)

    if __name__ == "__main__":
        run_family([Model("a")], work, Path("f"), [], "proxyreward.pipeline.closure", workers=2)
"""


def environment(tmp_path):
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("HF_")}
    inherited.pop("DO_NOT_TRACK", None)
    path = os.pathsep.join([str(tmp_path), *sys.path])
    return inherited | {"PYTHONPATH": path, "ASKED": str(tmp_path / "asked")}


def test_training_in_a_worker_asks_for_no_name(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(SITE))
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM))
    subprocess.run(
        [sys.executable, "-m", "program"], cwd=tmp_path, env=environment(tmp_path), check=True
    )
    assert (tmp_path / "f" / "a" / "model.safetensors").is_file()
    assert not (tmp_path / "asked").exists(), (tmp_path / "asked").read_text()


def test_a_hub_library_imported_before_is_told_too(tmp_path):
    said = (
        "import huggingface_hub.constants as hub, proxyreward; print(hub.HF_HUB_DISABLE_TELEMETRY)"
    )
    done = subprocess.run(
        [sys.executable, "-c", said], env=environment(tmp_path), capture_output=True, text=True
    )
    assert done.stdout == "True\n"
