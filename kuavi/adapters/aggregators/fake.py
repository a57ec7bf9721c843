"""An aggregator without a model: it fills in the schema with words of what it is asked about.

For tests and demonstrations.  What it is asked about stands between lines "[[...]] ... begins" and
"... ends" (see `kuavi.domain.prompts`); where there are none, it is the whole prompt.  Each text of
the schema gets the last words of a line of that, line after line, so other captions give another
answer.  Without a schema it answers with the first line.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

from returns.result import Success

from kuavi.adapters._asking import Asker, Asking
from kuavi.adapters.aggregators._language import LanguageAggregator
from kuavi.domain.evidence import Evidence, Heuristic, Model
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable
from rlm.models import scripted
from rlm.models.messages import Price, Request

_WORD = re.compile(r"[^\W\d_]+")
_MARK = re.compile(r"\[\[\w+\]\] .* (begins|ends)$")
WORDS = 4
FEWEST = 3
"""Lines of fewer words are headings."""


class FillingAggregator(LanguageAggregator):
    """Goes through budget, tries and cache as the others do."""

    @property
    def evidence(self) -> Evidence:
        return Heuristic("words of the prompt")


def answer(request: Request) -> str:
    said = _material(request.messages[-1].text) or ["nothing is said"]
    if request.schema is None:
        return said[0]
    return json.dumps(_filled(request.schema, cycle(said)))


def _material(text: str) -> list[str]:
    """The lines with words that stand between marks; of a text without marks all of them."""
    lines, inside = list[str](), False
    for line in text.splitlines():
        if _MARK.match(line):
            inside = line.endswith(" begins")
        elif inside:
            lines.append(line)
    kept = lines or text.splitlines()
    told = [line for line in kept if len(_WORD.findall(line)) >= FEWEST]
    return told or [line for line in kept if _WORD.search(line)]


def _filled(schema: Mapping[str, Any], lines: Iterator[str]) -> Any:
    """A value that satisfies the schema: objects, arrays, integers, texts and choices of texts."""
    match schema:
        case {"enum": [first, *_]} | {"const": first}:
            return first
        case {"type": "object", "properties": properties}:
            return {name: _filled(part, lines) for name, part in properties.items()}
        case {"type": "array", "prefixItems": parts}:
            return [_filled(part, lines) for part in parts]
        case {"type": "array", "items": part}:
            return [_filled(part, lines) for _ in range(int(schema.get("minItems", 1)))]
        case {"type": "integer"}:
            return int(schema.get("minimum", 0))
        case _:
            return " ".join(_words(next(lines)))


def _words(line: str) -> Sequence[str]:
    return [word.lower() for word in _WORD.findall(line)][-WORDS:]


def build(spec: ModelSpec, asking: Asking) -> Outcome[FillingAggregator, ModelUnavailable]:
    made = scripted.build(answer, spec.model_id, False, Price(0.0, 0.0))
    return Success(FillingAggregator(Model(spec.model_id, "words-1"), Asker(made, asking)))
