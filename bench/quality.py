"""How well the quality signals tell real annotations from damaged ones, by ROC AUC.

usage: python -m bench.quality --data FOLDER [--draws 5] [--worst]

FOLDER holds Action100M's `examples.parquet` (the user's own download).  Real annotations are those
published, scored in their own trees; each damage is drawn several times with fixed seeds.  The last
column compares damaged annotations with the undamaged ones of the same damaged trees, which is
harder: they have damaged relatives.  There are no video files, so visual alignment takes no part.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from attrs import define, field

from bench.quality_data import CASES, Annotations, Case, Video, damaged, published
from kuavi.adapters.text.minilm import build as build_text
from kuavi.domain.presets import PRESETS
from kuavi.domain.quality import Quality, TextRows, score_video, summary_text
from kuavi.domain.quality_signal import Measure
from kuavi.domain.space import Embeddings, Text
from kuavi.ports.encoders import TextEncoder

SHOWN = [Measure.FORMAT, Measure.COHERENCE, Measure.TEMPORAL, Measure.DEGENERACY]


@define
class Scorer:
    """Scores videos; a text is encoded once."""

    encoder: TextEncoder
    rows: dict[str, np.ndarray] = field(factory=dict)

    def score(self, video: Video, annotations: Annotations) -> dict[int, Quality]:
        ordered = [annotations[node] for node in sorted(annotations)]
        summaries = self._encoded([summary_text(one) for one in ordered])
        actions = self._encoded([one.action.brief for one in ordered])
        rows = TextRows(summaries, actions, self.encoder.floor)
        return score_video(annotations, video.tree, rows)

    def _encoded(self, texts: list[str]) -> Embeddings[Text]:
        new = [text for text in dict.fromkeys(texts) if text not in self.rows]
        if new:
            self.rows |= dict(zip(new, self.encoder.encode(new).unwrap().rows, strict=True))
        return Embeddings(self.encoder.space, np.stack([self.rows[text] for text in texts]))


def auc(good: np.ndarray, bad: np.ndarray) -> float:
    """Chance that a good one scores higher than a bad one; equal scores count half."""
    ordered = np.sort(bad)
    below = np.searchsorted(ordered, good, side="left")
    not_above = np.searchsorted(ordered, good, side="right")
    return float((below + not_above).sum() / (2 * len(good) * len(bad)))


def values(found: list[Quality], name: Measure) -> np.ndarray:
    signals = [one.signal(name) for one in found]
    return np.array([one.value for one in signals if one is not None])


def totals(found: list[Quality]) -> np.ndarray:
    return np.array([one.total for one in found])


def run(
    scorer: Scorer, videos: list[Video], case: Case, draws: int
) -> tuple[list[Quality], list[Quality]]:
    """Qualities of the damaged annotations of all draws, and of the others of the same trees."""
    bad, rest = list[Quality](), list[Quality]()
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        for at, video in enumerate(videos):
            annotations, nodes = damaged(videos, at, case, rng)
            scored = scorer.score(video, annotations)
            hit = set(nodes)
            bad += [one for node, one in scored.items() if node in hit]
            rest += [one for node, one in scored.items() if node not in hit]
    return bad, rest


def report(name: str, real: list[Quality], bad: list[Quality], rest: list[Quality]) -> None:
    figures = [auc(values(real, one), values(bad, one)) for one in SHOWN]
    cells = [f"{figure:.3f}" for figure in [*figures, auc(totals(real), totals(bad))]]
    beside = f"{auc(totals(rest), totals(bad)):.3f}" if rest else "-"
    print(f"| {name} | {len(bad)} | {' | '.join(cells)} | {beside} |")


def tell_real(scored: list[Mapping[int, Quality]], videos: list[Video], worst: bool) -> None:
    """How the real ones are spread, how many are flagged, and if asked the worst of them."""
    real = [one for video in scored for one in video.values()]
    print("\nreal annotations: 1 %, 5 %, 50 % of the values; share that is low")
    for name in SHOWN:
        mine = values(real, name)
        low = np.mean([name in one.flags for one in real])
        print(f"  {name}: {np.quantile(mine, [0.01, 0.05, 0.5]).round(3).tolist()}; {low:.3f}")
    print(f"  total: {np.quantile(totals(real), [0.01, 0.05, 0.5]).round(3).tolist()}")
    if worst:
        pairs = [
            (one, v.annotations[node])
            for found, v in zip(scored, videos, strict=True)
            for node, one in found.items()
        ]
        for one, annotation in sorted(pairs, key=lambda pair: pair[0].total)[:15]:
            reasons = "; ".join(signal.reason for signal in one.signals if signal.low)
            print(f"{one.total:.2f} {annotation.action.brief} | {annotation.summary.brief}")
            print(f"     {reasons}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.quality")
    parser.add_argument("--data", type=Path, required=True, help="folder of examples.parquet")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--worst", action="store_true", help="show the lowest real annotations")
    options = parser.parse_args()
    videos = published(options.data)
    scorer = Scorer(build_text(PRESETS["embedded"].text).unwrap())
    scored = [scorer.score(video, video.annotations) for video in videos]
    real = [one for video in scored for one in video.values()]
    print(
        f"{len(real)} annotations of {len(videos)} videos, {options.draws} draws of each damage\n"
    )
    print(f"| damage | n | {' | '.join(SHOWN)} | total | total beside undamaged |")
    print(f"|{'---|' * (len(SHOWN) + 4)}")
    for name, case in CASES.items():
        report(name, real, *run(scorer, videos, case, options.draws))
    tell_real(list(scored), videos, options.worst)


if __name__ == "__main__":
    main()
