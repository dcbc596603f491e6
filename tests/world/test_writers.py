import numpy as np
import pytest

from proxyreward.world import oracle
from proxyreward.world.prompts import draw
from proxyreward.world.tasks import CATEGORIES
from proxyreward.world.writers import WRITERS, Writer

PERFECT = dict.fromkeys(Writer.__dataclass_fields__, 0.0)
FAULTS = ("wrong", "over_refusal", "off_topic", "filler", "hedge", "rude", "harm", "repeated")


def asked(count, seed=0):
    rng = np.random.default_rng(seed)
    return [draw(rng, CATEGORIES[i % len(CATEGORIES)]) for i in range(count)]


def judged(writer, prompts, seed=0):
    rng = np.random.default_rng(seed)
    rows = oracle.features([p.text for p in prompts], [writer.write(p, rng) for p in prompts])
    return dict(zip(oracle.FEATURES, rows.T))


@pytest.mark.parametrize("name", WRITERS)
def test_equal_generators_write_equal_responses(name):
    one, two = (
        [WRITERS[name].write(p, rng) for p in asked(20)]
        for rng in (np.random.default_rng(5), np.random.default_rng(5))
    )
    assert one == two and len(set(one)) > 10


@pytest.mark.parametrize("name", WRITERS)
def test_every_fault_occurs_and_nothing_is_garbled(name):
    seen = judged(WRITERS[name], asked(1500))
    assert all(seen[fault].any() for fault in (*FAULTS, "empty"))
    assert not seen["garbled"].any() and not seen["unfinished"].any()


def test_a_writer_without_faults_gives_the_answer_alone():
    prompts, rng = asked(50), np.random.default_rng(0)
    assert all(Writer(**PERFECT).write(p, rng) == p.task.answer() for p in prompts)


@pytest.mark.parametrize(
    ("chance", "feature", "times"),
    [("empty", "empty", 1), ("rude", "rude", 1), ("courtesy", "courtesy", 1),
     ("filler", "filler", 3), ("repeat", "repeated", 1)],
)  # fmt: skip
def test_a_certain_fault_is_always_there(chance, feature, times):
    seen = judged(Writer(**PERFECT | {chance: 1.0}), asked(100))
    assert (seen[feature] == times).all()


def test_writers_differ_in_what_they_are_named_for():
    rates = {name: {f: v.mean() for f, v in judged(w, asked(1500)).items()}
             for name, w in WRITERS.items()}  # fmt: skip
    for name, feature in {"chatty": "filler", "blunt": "rude", "timid": "hedge"}.items():
        assert max(rates, key=lambda other: rates[other][feature]) == name
    assert min(rates, key=lambda other: rates[other]["wrong"]) == "careful"
