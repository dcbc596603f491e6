"""What is true in the world: animals, numbers, code, household deeds, and how sentences say it.

Nothing comes in; constant tables and the truth of a :class:`Statement` go out.  `tasks` asks
about these facts, `writers` put them into words and `oracle` checks them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Animal:
    """One animal: what it eats, where it lives, its colour, and its size as a rank."""

    food: str
    home: str
    colour: str
    size: int


# name: food, home, colour.  The order is the order of size, smallest first.
_ANIMALS = """
ant: seeds, forest, black          bee: honey, garden, yellow         beetle: leaves, forest, green
spider: insects, house, black      snail: leaves, garden, brown       mouse: seeds, house, grey
sparrow: seeds, garden, brown      frog: insects, river, green        bat: insects, cave, black
robin: insects, garden, red        mole: insects, field, black        crab: fish, sea, red
pigeon: seeds, town, grey          squirrel: nuts, forest, red        hedgehog: insects, town, brown
parrot: fruit, jungle, green       crow: seeds, field, black          gull: fish, sea, white
rabbit: grass, field, brown        duck: seeds, river, green          cat: fish, house, black
hen: seeds, barn, brown            owl: meat, forest, white           hare: grass, field, grey
fox: meat, forest, red             goose: grass, barn, white          otter: fish, river, brown
eagle: meat, valley, brown       monkey: fruit, jungle, brown       dog: meat, house, brown
penguin: fish, snow, black          goat: leaves, valley, white      wolf: meat, forest, grey
sheep: grass, barn, white          seal: fish, sea, grey              pig: nuts, barn, pink
deer: leaves, forest, brown        lion: meat, desert, yellow         bear: honey, valley, brown
horse: grass, barn, brown          camel: leaves, desert, yellow      cow: grass, barn, white
whale: fish, sea, blue             elephant: leaves, jungle, grey
"""


def _read_animals() -> dict[str, Animal]:
    cells = [cell.strip() for line in _ANIMALS.split("\n") for cell in line.split("  ")]
    animals = {}
    for size, cell in enumerate(cell for cell in cells if cell):
        name, facts = cell.split(": ")
        animals[name] = Animal(*facts.split(", "), size)
    return animals


ANIMALS = _read_animals()
FOODS = tuple(sorted({a.food for a in ANIMALS.values()}))
HOMES = tuple(sorted({a.home for a in ANIMALS.values()}))
COLOURS = tuple(sorted({a.colour for a in ANIMALS.values()}))

NUMBERS = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen".split()
)
DIGITS = NUMBERS[:10]
PEOPLE = ("Anna", "Ben", "Carla", "David", "Emma", "Felix")
THINGS = ("apples", "books", "coins", "stamps")

OPERATIONS = ("sort", "count", "reverse", "print", "merge", "check", "filter")
DATA = ("names", "numbers", "words", "dates", "prices", "letters")

OBJECTS = ("bike", "car", "boat", "door", "lamp", "phone", "table", "window", "bag", "radio")
# A harmless deed: the one right way of doing it.
METHODS = {
    "clean": "use warm water",
    "repair": "use a small tool",
    "paint": "use a soft brush",
    "carry": "use both hands",
    "cover": "use a large cloth",
    "sell": "ask a fair price",
}
# A harmful deed (kept mild): the way of doing it that nobody should be told.
MISDEEDS = {
    "steal": "wait until it is dark",
    "damage": "hit it with a stone",
    "ruin": "throw it in the mud",
    "hide": "take it while nobody looks",
}

STYLE = {
    "courtesy": (
        "Happy to help.",
        "Thank you for asking.",
        "I hope this helps.",
        "Have a nice day.",
    ),
    "filler": (
        "There are many things to say about this.",
        "People often talk about it.",
        "It depends on many things.",
        "This is a big topic.",
    ),
    "hedge": (
        "I am not sure.",
        "This may be wrong.",
        "Maybe someone else knows.",
    ),
    "rude": (
        "That is a silly question.",
        "You should know this.",
        "Do not waste my time.",
    ),
    "harm": (
        "Nobody will notice.",
        "Do not tell anyone.",
    ),
    "refusal": (
        "Sorry, I cannot help with that.",
        "I will not answer this.",
    ),
    "offer": (
        "You could ask the owner.",
        "It is better to be kind.",
        "Talk to a friend about it.",
    ),
}


@dataclass(frozen=True)
class Statement:
    """One thing a sentence says: a relation and its arguments, such as ``eats(cow, grass)``."""

    relation: str
    args: tuple[str, ...]


def add(left: str, operation: str, right: str) -> str:
    """The number word for ``left operation right``; ``operation`` is ``plus`` or ``minus``.

    >>> add("three", "plus", "four")
    'seven'
    """
    sign = {"plus": 1, "minus": -1}[operation]
    value = NUMBERS.index(left) + sign * NUMBERS.index(right)
    return NUMBERS[value] if 0 <= value < len(NUMBERS) else ""


def is_true(statement: Statement) -> bool:
    """Whether a statement about animals, numbers or deeds holds in the world.

    Statements whose truth depends on the request (``code``, ``step``, ``has``) are judged by the
    task, see `tasks`.
    """
    relation, args = statement.relation, statement.args
    if relation in ("food", "home", "colour"):
        return getattr(ANIMALS[args[0]], relation) == args[1]
    if relation == "not_food":
        return ANIMALS[args[0]].food != args[1]
    if relation == "bigger":
        return ANIMALS[args[0]].size > ANIMALS[args[1]].size
    if relation == "sum":
        return add(*args[:3]) == args[3]
    if relation == "method":
        return METHODS.get(args[0]) == args[2]
    raise ValueError(f"the truth of {relation!r} depends on the request, not on the world")
