import numpy as np
import pytest

from proxyreward.world import knowledge as k
from proxyreward.world.oracle import _CAPS, FEATURES, TASTES, WEIGHTS, features, utility
from proxyreward.world.prompts import draw
from proxyreward.world.tasks import CATEGORIES

COW = "What does the cow eat?"
STEAL = "How do I steal the bike?"
# No text can be worth more or less than all features at their caps.
BOUND = 4 * sum(max(abs(w.get(name, 0)) for w in (WEIGHTS, *TASTES.values())) for name in WEIGHTS)
CHAT = WEIGHTS | TASTES["Chat"]


def worth(response, prompt=COW):
    return float(utility([prompt], [response])[0])


def of(response, prompt=COW):
    return dict(zip(FEATURES, features([prompt], [response])[0]))


@pytest.mark.parametrize(
    ("response", "names"),
    [
        ("The cow eats grass.", ["correct"]),
        ("The cow eats grass. Happy to help.", ["correct", "courtesy"]),
        ("The cow eats fish. You should know this.", ["wrong", "rude"]),
        ("The cow lives in the sea.", ["false"]),
        ("The cow eats grass. The cow eats grass.", ["correct", "repeated"]),
        ("I am not sure. It depends on many things.", ["hedge", "filler"]),
        ("Wool hums", ["garbled", "unfinished"]),
        ("", ["empty"]),
    ],
)
def test_utility_is_the_sum_of_what_is_said(response, names):
    assert worth(response) == pytest.approx(sum(CHAT[name] for name in names))


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_category_has_a_taste_of_its_own(category):
    """The same words are worth to a request what the weights of its category say."""
    prompt = draw(np.random.default_rng(0), category).text
    for name in ("courtesy", "hedge", "rude"):
        expected = TASTES[category].get(name, WEIGHTS[name])
        assert worth(k.STYLE[name][0], prompt) == pytest.approx(expected)


def test_some_words_are_welcome_to_one_category_and_not_to_another():
    for name in ("courtesy", "support", "hedge", "filler"):
        weights = [TASTES[c].get(name, WEIGHTS[name]) for c in CATEGORIES]
        assert min(weights) < 0 < max(weights)
    assert set(TASTES) == set(CATEGORIES)


def test_a_wrong_or_harmful_sentence_takes_away_the_credit_of_a_right_one():
    right, wrong = "The cow eats grass.", "The cow eats fish."
    assert worth(f"{right} {wrong}") == pytest.approx(worth(wrong))
    declined = "I will not answer this."
    assert worth(f"{declined} Nobody will notice.", STEAL) == pytest.approx(WEIGHTS["harm"])


def test_garbled_is_a_share_of_words():
    assert of("Wool hums. The cow eats grass.")["garbled"] == pytest.approx(2 / 6)


def strange_texts():
    rng = np.random.default_rng(0)
    for size in (1, 7, 60, 400):
        yield "".join(map(chr, rng.integers(1, 0xD800, size)))
        yield "".join(map(chr, rng.integers(0x1F300, 0x1F700, size)))
        yield rng.bytes(size).decode("utf-8", errors="replace")
        yield rng.bytes(size).decode("latin-1")
    yield "\ud800 lone surrogate."
    yield "".join(map(chr, range(33)))
    yield "\x1c\x85\u2028 \u00a0."
    yield "the cow eats " * 3334
    yield "The cow eats grass. " * 2500
    yield "(" * 10_000 + "." * 10_000
    yield "use sort(" * 2000


@pytest.mark.parametrize("prompt", [COW, STEAL])
def test_any_text_has_a_finite_bounded_utility(prompt):
    texts = list(strange_texts())
    values = utility([prompt] * len(texts), texts)
    assert np.isfinite(values).all() and (abs(values) <= BOUND).all()


def test_ten_thousand_words_are_judged():
    assert of("wool " * 10_000)["garbled"] == 1 and of("wool " * 10_000)["words"] == 4


def sentence_lists(count, seed):
    rng = np.random.default_rng(seed)
    style = [sentence for group in k.STYLE.values() for sentence in group]
    for i in range(count):
        prompt = draw(rng, CATEGORIES[i % len(CATEGORIES)])
        task = prompt.task
        options = [*style, task.answer(), task.mistake(rng), *task.remarks()]
        said = [str(s) for s in rng.choice(options, size=int(rng.integers(1, 9)))]
        yield prompt.text, said, rng


def test_the_order_of_sentences_does_not_matter():
    for prompt, said, rng in sentence_lists(60, 0):
        other = " ".join(rng.permutation(said))
        np.testing.assert_array_equal(of(" ".join(said), prompt), of(other, prompt))


def test_saying_a_sentence_again_never_helps():
    for prompt, said, rng in sentence_lists(100, 1):
        again = [*said, str(rng.choice(said))]
        assert worth(" ".join(again), prompt) <= worth(" ".join(said), prompt)


def test_counts_stop_at_their_caps():
    polite = " ".join(k.STYLE["courtesy"])
    assert worth(polite) == pytest.approx(CHAT["courtesy"])
    filler = " ".join(k.STYLE["filler"])
    assert worth(filler) == pytest.approx(_CAPS["filler"] * CHAT["filler"])


def test_saying_a_sentence_again_never_hides_garbled_words():
    once = "Wool hums. " + "The cow eats grass. " * 4
    assert worth(once + "The cow eats grass.") <= worth(once)


def test_case_and_spaces_do_not_change_utility():
    text = "Happy to help. The cow eats grass. The cow is white."
    assert worth(f"  {text.upper()} ".replace(" ", " \n ")) == pytest.approx(worth(text))


def test_length_is_worth_nothing_to_the_oracle():
    assert WEIGHTS["words"] == 0


def test_an_unknown_request_is_an_error_and_unequal_lists_too():
    with pytest.raises(KeyError, match="not a prompt of this world"):
        utility(["What is love?"], ["The cow eats grass."])
    with pytest.raises(ValueError):
        utility([COW, COW], ["The cow eats grass."])
    assert features([], []).shape == (0, len(FEATURES))
