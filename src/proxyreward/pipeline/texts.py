"""YAML whose words stay texts: what a word means is for its parameter's type to say.

In: YAML, or plain values.  Out: mappings and lists of texts and None, or YAML.  YAML 1.1 and 1.2
disagree on `2e-05`, `no`, `1:30` and `010`, and programs that write `params.yaml` follow one or the
other; as texts the values survive both.
"""

import re
from typing import Any

import yaml

_NULL = "tag:yaml.org,2002:null"
_PLAIN = [f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")]
_NUMBER_1_2 = re.compile(
    r"[-+]?(0[ox][0-9a-fA-F]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)\Z"
)


def parse(text: str) -> Any:
    """Read YAML as mappings, lists, texts and None (null without quotes).

    Raises
    ------
    yaml.YAMLError
        If `text` is no YAML, gives a key twice, bears tags, or is nested too deeply to be read.
    """
    try:
        return yaml.load(text, _Reader)
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None


def dump(values: dict[str, Any]) -> str:
    """Write plain values as YAML in the order given, so that YAML 1.1 and 1.2 both read them."""
    return yaml.dump(
        values,
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=float("inf"),
    )


class _Reader(yaml.BaseLoader):
    """PyYAML's reader of texts; it also knows null, and refuses tags and keys given twice."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node.tag not in (_NULL, *_PLAIN):
            problem = f"the tag {node.tag!r} means nothing here"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_object(node, deep)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = self.construct_scalar(key_node)
            if key in seen:
                problem = f"key {key!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


class _Writer(yaml.SafeDumper):
    """PyYAML's writer; it also puts texts in quotes that YAML 1.2 takes for numbers."""


_Reader.add_implicit_resolver(_NULL, re.compile(r"(~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
_Reader.add_constructor(_NULL, lambda loader, node: None)
_Writer.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER_1_2, list("-+.0123456789"))
