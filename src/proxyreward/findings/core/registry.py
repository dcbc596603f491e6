"""Typed access to the claims registry: what three papers did, printed and claimed.

In: `claims.yaml` beside this file. Out: frozen entries and claims, and the printed values.
Called by every finding, by the notebooks (for the papers' numbers) and by the command line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from proxyreward.findings.core.criterion import Group, parse, words

SUPPORT = ("supported", "mixed", "contradicted", "not_printed", "definition")
DEFINITION, CONSTRUCTION = BY_CODE = ("definition", "by construction")
PRINTED, NOT_PRINTED = "printed", "not printed"
EXPLAINED = ("not reproduced", "no difference")
_TYPES = {"values": Mapping, "claims": tuple, "notes": tuple, "decide": tuple, "why": Mapping}
_TYPES |= {"control": tuple, "beside": tuple}


@dataclass(frozen=True)
class Claim:
    """One statement of a paper and the computed comparisons that decide it.

    Attributes
    ----------
    printed_support
        Whether the paper's own printed numbers support the claim: supported, mixed, contradicted,
        not_printed or definition.
    criterion
        What would decide the claim, in words, where no finding measures it yet.
    finding
        Which finding measures it.
    decide
        Groups of comparisons: each must hold, and of a group of several one is enough.
    primary
        Name of the quantity that a page shows first; by default that of the first comparison.
    kind
        ``definition``: the claim says how something is defined, so that only the code can break it;
        ``by construction``: the experiment is built so that it holds; of all others whether the
        paper prints numbers for it, ``printed`` or ``not printed``.
    control
        The positive control: groups like those of `decide`, which show that the experiment has the
        effect without which the claim cannot be tested.
    beside
        Names of quantities that a page shows with the claim and that do not decide it; ``*`` stands
        for any text.
    note
        How a quantity is meant, where its name does not say.
    why
        By verdict of :data:`EXPLAINED`, why it came out so here: shown only beside that verdict.
    """

    id: str
    statement: str
    printed_support: str
    printed_detail: str = ""
    criterion: str = ""
    finding: str = ""
    decide: tuple[Group, ...] = ()
    primary: str = ""
    kind: str = PRINTED
    control: tuple[Group, ...] = ()
    beside: tuple[str, ...] = ()
    note: str = ""
    why: Mapping[str, str] = field(default_factory=dict)

    @property
    def wording(self) -> str:
        """What decides the claim, in words."""
        return words(self.decide) if self.decide else self.criterion


@dataclass(frozen=True)
class Entry:
    """A table, figure, finding or appendix of a paper with its printed values and claims."""

    id: str
    paper: str
    kind: str
    where: str
    title: str
    question: str
    method: str
    values: Mapping[str, Any]
    claims: tuple[Claim, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registry:
    """All entries, in the order of the papers."""

    entries: tuple[Entry, ...]

    def entry(self, entry_id: str) -> Entry:
        """Entry of that id; a KeyError names the nearest known one."""
        return _lookup({e.id: e for e in self.entries}, entry_id, "entry")

    def claim(self, claim_id: str) -> Claim:
        """Claim of that id; a KeyError names the nearest known one."""
        return _lookup({c.id: c for c in self.claims()}, claim_id, "claim")

    def claims(self, paper: str | None = None) -> tuple[Claim, ...]:
        """Claims of one paper (`rethinking`, `elephant`, `more`), or of all three."""
        chosen = [e for e in self.entries if paper in (None, e.paper)]
        if not chosen:
            known = sorted({e.paper for e in self.entries})
            raise KeyError(f"no paper {paper!r} in the registry; known papers: {', '.join(known)}")
        return tuple(claim for entry in chosen for claim in entry.claims)

    def measured_by(self, finding: str) -> tuple[Claim, ...]:
        """Claims that a finding measures."""
        return tuple(claim for claim in self.claims() if claim.finding == finding)

    def printed(self, entry_id: str, *path: str) -> Any:
        """A value as a paper printed it.

        Parameters
        ----------
        entry_id : str
            Such as `rethinking.table1`.
        *path : str
            Keys below the entry's values, such as `"Acc. / BoN", "kendall"`.

        Returns
        -------
        number, text, mapping or None
            None for a number that was never printed or is lost; a cell printed as a±b is the
            mapping `{mean: a, pm: b}`.

        Raises
        ------
        KeyError
            If the entry or a key is unknown; names the nearest known one.
        """
        value: Any = self.entry(entry_id).values
        for key in path:
            if not isinstance(value, Mapping):
                raise KeyError(f"{entry_id}: nothing is printed below {key!r}")
            value = _lookup(value, key, f"printed value of {entry_id}")
        lost = isinstance(value, Mapping) and "note" in value and value.get("value") is None
        return None if lost else value


def load_registry(path: Path | None = None) -> Registry:
    """Read the claims registry.

    Parameters
    ----------
    path : Path, optional
        Another registry file; default is the one that comes with the package.

    Raises
    ------
    ValueError
        If the file cannot be read, an entry or claim has a field that is missing, unknown or of
        another type, or an id occurs twice; names the file and the record.
    """
    import yaml

    source = path or files("proxyreward.findings.core").joinpath("claims.yaml")
    try:
        records = yaml.safe_load(source.read_text(encoding="utf-8"))
        if not isinstance(records, list):
            raise ValueError("the file holds no list of entries")
        entries = tuple(_entry(record) for record in records)
        _require_unique(e.id for e in entries)
        _require_unique(c.id for e in entries for c in e.claims)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        problem = " ".join(str(error).split())
        raise ValueError(
            f"{source}: {problem}; install the package again, or `git checkout` the file"
        ) from None
    return Registry(entries)


def _entry(record: Any) -> Entry:
    lists = {name: _field(record, name, list, []) for name in ("claims", "notes")}
    claims = tuple(map(_claim, lists["claims"]))
    return _build(Entry, {**record, "claims": claims, "notes": tuple(lists["notes"])})


def _claim(record: Any) -> Claim:
    groups = {}
    for name in ("decide", "control"):
        lines = _field(record, name, list, [])
        try:
            groups[name] = parse(lines) if lines else ()
        except ValueError as error:
            raise ValueError(f"{record.get('id')}: {error}") from None
    beside = tuple(_field(record, "beside", list, []))
    if not all(isinstance(line, str) for line in beside):
        raise ValueError(f"{record.get('id')}: field 'beside' is no list of names")
    why = _field(record, "why", Mapping, {})
    if not all(isinstance(text, str) and text for text in why.values()) or set(why) - {*EXPLAINED}:
        raise ValueError(f"{record.get('id')}: field 'why' must give reasons by {EXPLAINED}")
    if record.get("kind", DEFINITION) not in BY_CODE:
        raise ValueError(f"{record.get('id')}: field 'kind', where there is one, is of {BY_CODE}")
    printed = NOT_PRINTED if record.get("printed_support") == "not_printed" else PRINTED
    claim = _build(Claim, {"kind": printed, **record, **groups, "beside": beside})
    if bool(claim.decide) != bool(claim.finding) or bool(claim.decide) == bool(claim.criterion):
        raise ValueError(
            f"{claim.id}: a claim has either 'criterion', or 'decide' and the 'finding' that "
            "measures it"
        )
    return claim


def _field(record: Any, name: str, kind: type, default: Any = None) -> Any:
    """A field of a record, if both are of the right type."""
    if not isinstance(record, Mapping):
        raise ValueError(f"{str(record)[:60]!r} stands where a record with fields should be")
    value = record.get(name, default)
    if not isinstance(value, kind):
        raise ValueError(f"{record.get('id')}: field {name!r} is no {kind.__name__.lower()}")
    return value


def _build(kind: type, record: Any) -> Any:
    _field(record, "id", str)
    known = {each.name for each in fields(kind)}
    unknown = set(record) - known
    if unknown:
        raise ValueError(f"{record.get('id')}: unknown field {sorted(unknown, key=str)[0]!r}")
    for name in record:
        _field(record, name, _TYPES.get(name, str))
    if record.get("printed_support", SUPPORT[0]) not in SUPPORT:
        raise ValueError(f"{record['id']}: field 'printed_support' must be one of {SUPPORT}")
    try:
        return kind(**record)
    except TypeError as error:
        raise ValueError(f"{record.get('id')}: {error}") from None


def _lookup(known: Mapping[str, Any], key: str, what: str) -> Any:
    if key in known:
        return known[key]
    nearest = get_close_matches(str(key), map(str, known), n=1, cutoff=0.0)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    raise KeyError(f"no {what} {key!r}{hint}")


def _require_unique(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise ValueError(f"{name}: the id occurs twice in the registry")
        seen.add(name)
