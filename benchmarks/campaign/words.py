"""Odd and typed words for the command line.

In: a random generator. Out: words of the commands of ``proxyreward``, sound or not.
"""

import dataclasses
import typing
from collections.abc import Callable
from random import Random
from typing import Any

from proxyreward.pipeline.params import Params, known_keys

PLAIN = r"""
größe a#b a,b 'a' "a" it's $HOME ${seed} ${nope} $(id) a\b \ ~ ~/pairs ١٢ 1e5 null true nan inf 2022
007 1_000 0x10 a=b = a:b !x %a @a `a` &a *a ? (1) a(1).jsonl | > -- -1 +a=1 ~a ../x / . 2024-01-01
org/model 64x2x4 12:30 1. .5 1e400 0 -0.0 tiny smoke real-hh no-such-scale
""".split()
TEXTS = [*PLAIN, "", "a b", " a", "[a, b]", "{a: b}", "a: b", "- a", "a\nb", "\n", "9" * 400]
TEXTS += ["\x1b[31mred\x1b[0m", "\x07", "\u202e", "\udcff", "\ufeffa", "[" * 200, "a" * 5000]
TEXTS += ["x" * 300 + "/" * 300, "/data/größe/a,b (1)/#2/test.jsonl"]
TYPED = {
    int: "0 1 2 3 64 -1 1000000000 1.0 999999999999999999999999999999",
    float: "0 0.5 1e-5 0.00002 2E3 1 -1 1e400 .5 1e5",
    bool: "true false True 1",
    str: "train hh local 64x2x4 org/model 2022 1e5 007 /data/ö#1.jsonl a,b a(1) de-1",
}
OUTS = """. .. / book results src notebooks dvc.yaml ../outside ../outside/site ../outside/taken
../outside/link ../outside/site/CNAME ../outside/new book/_build""".split()


def odd(random: Random) -> str:
    """A text of any kind."""
    return random.choice(TEXTS)


def params(random: Random) -> list[str]:
    """Words for `params`: most keys are known, most values of the key's type or a text."""
    return ["params", *(_word(random) for _ in range(random.choice([0, 1, 1, 1, 2, 3])))]


def notebook(random: Random) -> list[str]:
    """Words for `notebook`, one of which must be refused, as a run of a page takes long."""
    key = random.choice(["scale", "top_n", "turns", odd(random)])
    words = [f"{key}={odd(random)}", "no-such-key=1"]
    name = random.choice(["finding1", "real_hh", "world", odd(random)])
    return ["notebook", name, *random.sample(words, 2)]


def claims(random: Random) -> list[str]:
    """Words for `claims`."""
    text = odd(random)
    return ["claims", *random.choice([[], [text], ["--scale", text], ["--scale", "tiny"]])]


def book(random: Random) -> list[str]:
    """Words for `book`, into a folder of its own or not."""
    scale = ["--scale", odd(random)] if random.random() < 0.3 else []
    return ["book", "--out", random.choice([*OUTS, "", odd(random)]), *scale]


def clean(random: Random) -> list[str]:
    """Words for `clean`, into a folder of its own: most are sound but for one or two."""
    given = {
        "--votes": random.choice(["clean/votes.csv", "clean/pairs.jsonl", odd(random)]),
        "--tasks": random.choice(["label-studio", "argilla", odd(random)]),
        "--toxic": random.choice(["none", "none", "world", "clean/votes.csv", odd(random)]),
        "--key": random.choice(["clean/votes.csv", odd(random)]),
        "--aggregate": random.choice(["majority", odd(random)]),
        "--format": random.choice(["hh", "hh", "oasst", odd(random)]),
        "--annotators": random.choice(["3", "0", odd(random)]),
        "--seed": random.choice(["1", "-1", odd(random)]),
    }
    sound = [["--votes", "clean/votes.csv", "--toxic", "none"], ["--tasks", "argilla"]]
    some = random.sample(list(given), random.randint(0, 2))
    pairs = random.choice(["clean/pairs.jsonl", "clean/pairs.jsonl", "clean", odd(random)])
    words = ["clean", pairs, "--out", random.choice(["cleaned", "cleaned/a", "dvc.yaml"])]
    return words + random.choice(sound) + [word for name in some for word in (name, given[name])]


def anything(random: Random) -> list[str]:
    """Words in no order."""
    first = random.choice(["params", "claims", "book", "notebook", "clean", "--help", odd(random)])
    return [first, *(odd(random) for _ in range(random.randint(0, 3)))]


COMMANDS: dict[Callable[[Random], list[str]], int] = {
    params: 12,
    notebook: 3,
    claims: 1,
    book: 3,
    clean: 3,
    anything: 1,
}
"""How often each kind of command line comes."""


def kinds() -> dict[str, Any]:
    """Type of each key of `params.yaml`."""
    found = {}
    for part, kind in typing.get_type_hints(Params).items():
        inner = typing.get_type_hints(kind) if dataclasses.is_dataclass(kind) else {}
        found |= {f"{part}.{name}": its for name, its in inner.items()} or {part: kind}
    return found


def _word(random: Random) -> str:
    key = random.choice([*known_keys() * 4, *["scale"] * 20, "nope", "seed.x", odd(random)])
    if key == "scale" and random.random() < 0.7:
        return f"scale={random.choice(['tiny', 'smoke', 'real-hh', 'real-more'])}"
    values = [_typed(kinds().get(key, str), random), odd(random)]
    return random.choice([f"{key}={value}" for value in values] * 8 + [key, f"+{key}=1"])


def _typed(kind: Any, random: Random) -> str:
    """A text that reads like a value of a type, though it may break the key's rule."""
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        fields = typing.get_type_hints(kind).items()
        return f"{{{', '.join(f'{name}: {_quoted(_typed(its, random))}' for name, its in fields)}}}"
    if origin is tuple:
        return f"[{', '.join(_typed(inside[0], random) for _ in range(random.randint(0, 3)))}]"
    if origin is typing.Literal:
        return random.choice(inside)
    if inside:
        return "null" if random.random() < 0.3 else _typed(inside[0], random)
    return random.choice(TYPED[kind].split())


def _quoted(text: str) -> str:
    return text if text == "null" else f'"{text}"'
