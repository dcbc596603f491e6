"""The command line ``proxyreward``: notebooks, claims, parameters, cleaning, judging, evaluating.

In: words from a shell.  Out: files and a few printed lines; an error is one line on stderr and
exit code 2, but 1 of ``evaluate``, of which 2 says something else.  Installed as a console script.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import io
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

# What a command needs is imported inside `main`, where even an interruption meanwhile is one line.

NOT_DECIDED = "not decided here"
Command = Callable[[argparse.Namespace], int | None]


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code.

    That is 0 or what the command gives back, 130 after an interruption, and after an error 2, or
    what the command's parser has as default of ``failed``.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    status, failed = 0, 2
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        arguments = _parser().parse_args(words)
        failed = arguments.failed
        status = arguments.command(arguments) or 0
        print(end="", flush=True)
        return status
    except KeyboardInterrupt:
        print("proxyreward: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        from proxyreward.failures import settle_output, told

        settle_output()
        if isinstance(error, BrokenPipeError):  # the reader, such as `head`, has seen enough
            return status
        print(f"proxyreward: {told(error)}", file=sys.stderr)
        return failed


def notebook(arguments: argparse.Namespace) -> None:
    """Execute a notebook with the given parameters and render it as a page."""
    from proxyreward.book import page
    from proxyreward.notebooks.places import project_root
    from proxyreward.notebooks.runner import run
    from proxyreward.pipeline.typed import read_pairs

    values = read_pairs(arguments.values)
    digest = hashlib.sha256(json.dumps(sorted(values.items())).encode()).hexdigest()[:8]
    folder = project_root() / "runs" / "notebooks" / f"{arguments.name}-{digest}"
    executed = run(arguments.name, values, folder)
    print(f"notebook: {executed}")
    print(f"page:     {page(executed, folder / 'html')}")


def claims(arguments: argparse.Namespace) -> None:
    """List the claims with their verdicts at a scale, or show one claim in full."""
    from proxyreward.findings.core.registry import load_registry
    from proxyreward.messages import visible
    from proxyreward.notebooks.places import NotFound, results_dir, scorecard

    registry = load_registry()
    card = results_dir(arguments.scale) / "scorecard.json"
    decided = scorecard(arguments.scale) if card.exists() else {}
    if arguments.id:
        try:
            claim = registry.claim(arguments.id)
        except KeyError as error:
            raise NotFound(f"{error.args[0]} Remedy: `proxyreward claims` lists all") from None
        shown = {
            "claim": claim.id,
            "statement": claim.statement,
            "criterion": claim.wording,
            "printed": claim.printed_support,
            "scale": arguments.scale,
            **decided.get(claim.id, {"verdict": NOT_DECIDED}),
        }
        for key, value in shown.items():
            if key != "claim_id":
                print(f"{key:<12} {visible(str(value))}")
        return
    for claim in registry.claims():
        verdict = decided.get(claim.id, {}).get("verdict", NOT_DECIDED)
        print(f"{claim.id:<28} {verdict:<18} {claim.statement}")


def params(arguments: argparse.Namespace) -> None:
    """Write `params.yaml` from ``key=value`` words, or show its values and their origins.

    With scale=NAME the file is written afresh from params/scale/NAME.yaml; without it, the values
    that the file holds stay as they are, but for those given. A text is taken as it stands, such as
    'data.name=~/my pairs (1).jsonl', less quotes around the whole of it; null is no value; a list
    is written as in YAML, such as 'mixes.bases=[16x1x2, 64x1x4]'.
    """
    from proxyreward.messages import visible
    from proxyreward.notebooks.places import project_root
    from proxyreward.pipeline.fields import leaves
    from proxyreward.pipeline.params import change, check_read, load, origins, write
    from proxyreward.pipeline.scales import left_out
    from proxyreward.pipeline.schema import Watched
    from proxyreward.pipeline.typed import ConfigError, read_pairs, unknown

    root = project_root()
    target, config = root / "params.yaml", root / "params"
    if arguments.get is not None:
        if arguments.values:
            raise ConfigError("command line: --get takes no words beside. Remedy: leave them out")
        values = dict(leaves(load(target)))
        if arguments.get not in values:
            raise unknown("command line", arguments.get, list(values))
        value = values[arguments.get]
        print(value if isinstance(value, str) else _json(value))
    elif arguments.values:
        given = read_pairs(arguments.values)
        start = "as it was" if target.exists() and "scale" not in given else "afresh"
        values = change(arguments.values, target, config)
        check_read(arguments.values, values, config, root / "dvc.yaml")
        skipped = left_out(values, root / "dvc.yaml")
        write(values, target)
        own = ", ".join(key for key in given if key != "scale")
        scale = f"scale {values['scale']} {start}" + (f", with {own} as given" if own else "")
        print(f"wrote {target}: {scale}; run it with: dvc repro")
        if skipped:
            print(
                f"left out at this scale: {', '.join(skipped)}; do not name these to dvc repro, "
                "as DVC takes the name of a stage without entries for the whole pipeline"
            )
        for file in (Watched(**file) for file in values["watched"]):
            if not (root / file.path).exists():
                print(
                    f"not there yet: {visible(file.path)} ({file.parameter}), at which dvc repro "
                    "stops; correct the path, or put the file there"
                )
    else:
        for key, value, place in origins(target, config):
            print(f"{key:<26} {_json(value):<24} {Path(place).relative_to(root)}")


def book(arguments: argparse.Namespace) -> None:
    """Build the book from tracked results."""
    from proxyreward.book import build

    print(f"book: {build(arguments.scale, arguments.out) / 'index.html'}")


def clean(arguments: argparse.Namespace) -> None:
    """Clean preference pairs by people's votes, or write the tasks in which people vote.

    With --votes: a file of votes (columns pair_id, annotator, choice as CSV or JSON lines, or what
    Label Studio or Argilla exports as JSON) decides which pairs are kept, swapped or dropped, by
    the rule of paper *elephant*; writes pairs.jsonl, audit.csv and summary.json. With --tasks:
    writes tasks for an annotation tool, blind to the labels, and a key that says which side is
    which.
    """
    from proxyreward.people.command import run

    for line in run(arguments):
        print(line)


def judge(arguments: argparse.Namespace) -> None:
    """Have a language model behind an OpenAI-compatible endpoint judge pairs of responses.

    PAIRS is a CSV or JSON lines file with the columns id, prompt, response_a and response_b. Each
    pair is judged in both orders, harm first, then helpfulness; an answer that changes with the
    order is a tie. Writes verdicts.csv and summary.json, and keeps all answers in answers.jsonl, so
    that a run that was interrupted goes on where it was. The key comes from the environment alone.
    """
    from proxyreward.judges.command import run

    for line in run(arguments):
        print(line)


def evaluate(arguments: argparse.Namespace) -> int:
    """Say which reward model is safe to optimise against, by scores of several responses each.

    SCORES are CSV, Parquet or JSON lines files, or a folder of them: a row a score (prompt_id,
    response_id, model, score), a column a model, what RewardBench writes, or verdicts on pairs
    (prompt_id, response_a, response_b, judge, winner). Writes report.html, evaluation.json and
    report.md. The exit status is 0 if nothing alarming was found, 2 if something was, which is
    named in a line each, and 1 after an error.
    """
    from proxyreward.evaluation.command import run

    status, lines = run(arguments)
    with contextlib.suppress(BrokenPipeError):  # the status must outlive a reader such as `head`
        print("\n".join(lines))
    return status


class _Parser(argparse.ArgumentParser):
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse words that are left over here, where the status of this command is known."""
        known, extra = super().parse_known_args(args, namespace)
        if extra:
            self.error(f"unrecognized arguments: {' '.join(extra)}")
        return known, extra

    def error(self, message: str) -> NoReturn:
        from proxyreward.messages import visible

        self.print_usage(sys.stderr)
        self.exit(self.get_default("failed") or 2, f"{self.prog}: error: {visible(message)}\n")


def _parser() -> argparse.ArgumentParser:
    from proxyreward.evaluation import arguments as evaluation
    from proxyreward.judges import arguments as judges
    from proxyreward.people import arguments as people
    from proxyreward.vocabulary import DEFAULT_SCALE

    parser = _Parser(
        prog="proxyreward",
        description=(
            "The Proxy Reward Book: notebooks, claims, parameters, cleaning, judging, evaluating "
            "and the book."
        ),
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(command: Command, failed: int = 2) -> argparse.ArgumentParser:
        described = (command.__doc__ or "").strip()
        summary = described.partition("\n")[0]
        added = commands.add_parser(command.__name__, help=summary, description=described)
        added.set_defaults(command=command, failed=failed)
        return added

    words = "typed parameters, such as {}"
    run = add(notebook)
    run.add_argument("name", metavar="NAME", help="notebook in notebooks/, without suffix")
    run.add_argument("values", nargs="*", metavar="key=value", help=words.format("scale=smoke"))
    listing = add(claims)
    listing.add_argument("id", nargs="?", metavar="ID", help="show this claim in full")
    compose = add(params)
    compose.add_argument(
        "values", nargs="*", metavar="key=value", help=words.format("scale=real-hh reward.epochs=3")
    )
    compose.add_argument("--get", metavar="KEY", help="print this value of params.yaml alone")
    building = add(book)
    building.add_argument(
        "--out",
        type=Path,
        help="folder for the HTML (book/_build/html); files there that no build wrote stay",
    )
    people.add(add(clean))
    judges.add(add(judge))
    evaluation.add(add(evaluate, failed=1))
    for command in (listing, building):
        command.add_argument(
            "--scale", default=DEFAULT_SCALE, help=f"scale whose results are read ({DEFAULT_SCALE})"
        )
    return parser


def _json(value: object) -> str:
    return json.dumps(value, default=dataclasses.asdict, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
