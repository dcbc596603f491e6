"""Tasks for Label Studio, and the votes in its JSON export.

In: pairs as shown. Out: tasks to import, and a labelling interface. Back: one task of an export,
with its annotations.

The interface has the control ``Pairwise``, which knows ``left`` and ``right`` alone, and a choice
beside it for a tie. What Label Studio writes: a click on a response gives a result of type
``pairwise``, whose ``to_name`` is the control itself; a second click takes it back, and leaves a
result with ``selected: "none"``. A skipped task is an annotation with ``was_cancelled``. Export as
JSON; JSON-MIN and CSV leave out who skipped. Tasks that everybody skipped are exported only if all
tasks are asked for (``download_all_tasks=true``).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from proxyreward.data.report import DataError, RecordError
from proxyreward.people.sides import Shown
from proxyreward.people.tables import dump, fault, of_record

FILES = ("tasks.json", "config.xml")
BETTER, NEITHER, TIE = "better", "neither", "tie"
SIDES = {"left": "A", "right": "B"}
CONFIG = f"""\
<View>
  <Text name="prompt" value="$prompt"/>
  <Header value="Which response is better? Click on it, or say that neither is."/>
  <Pairwise name="{BETTER}" toName="a,b"/>
  <View style="display: flex; gap: 1em">
    <View style="flex: 1"><Text name="a" value="$a"/></View>
    <View style="flex: 1"><Text name="b" value="$b"/></View>
  </View>
  <Choices name="{NEITHER}" toName="prompt" choice="single">
    <Choice value="{TIE}"/>
  </Choices>
</View>
"""
HINT = "import {0}, take {1} as labelling interface, set maximum_annotations to {annotators}"
REMEDY = "export again as JSON (not JSON-MIN) from the project of these tasks"


def task(shown: Shown) -> str:
    """One task to import, as JSON."""
    data = {"pair_id": shown.pair_id, "prompt": shown.prompt, "a": shown.a, "b": shown.b}
    return dump({"data": data})


def setting(annotators: int) -> str:
    """The labelling interface, which does not say how many annotators a task gets."""
    return CONFIG


def is_export(record: Mapping[str, Any]) -> bool:
    """Whether a record is a task of an export."""
    return "annotations" in record


def votes(file: Path, row: int, record: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield ``(pair_id, annotator, choice)`` of each annotation; drafts are not counted.

    An annotation that was skipped, or submitted without an answer, is a skip.
    """
    data, annotations = record.get("data"), record["annotations"]
    pair_id = data.get("pair_id") if isinstance(data, dict) else None
    if not isinstance(pair_id, str):
        raise fault(file, row, "data.pair_id", "is no text", REMEDY)
    if not isinstance(annotations, list):
        raise fault(file, row, "annotations", "is no list", REMEDY)
    for place, annotation in enumerate(annotations):
        field = f"annotations.{place}"
        if isinstance(annotation, RecordError):
            raise of_record(file, row, annotation)
        if not isinstance(annotation, dict):
            raise fault(file, row, field, "is no object", REMEDY)
        try:
            yield pair_id, _annotator(annotation), _choice(annotation)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, DataError):
                raise
            raise fault(file, row, field, _told(error), REMEDY) from None


def _told(error: Exception) -> str:
    return str(error) if type(error) is ValueError else "is no annotation of Label Studio"


def _annotator(annotation: Mapping[str, Any]) -> str:
    """Who: a number, or an object that holds it, as exports of different kinds have it."""
    who = annotation["completed_by"]
    who = who["id"] if isinstance(who, dict) else who
    if isinstance(who, bool) or not isinstance(who, int | str) or who == "":
        raise ValueError("completed_by names nobody")
    return str(who)


def _choice(annotation: Mapping[str, Any]) -> str:
    if annotation.get("was_cancelled"):
        return "skip"
    results = {result["from_name"]: result["value"] for result in annotation["result"]}
    side = results.get(BETTER, {}).get("selected", "none")
    tie = results.get(NEITHER, {}).get("choices", []) == [TIE]
    if side != "none" and side not in SIDES:
        raise ValueError("selected is neither left nor right")
    if side != "none" and tie:
        raise ValueError("says both that a response is better and that neither is")
    return "tie" if tie else SIDES.get(side, "skip")
