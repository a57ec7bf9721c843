"""CPU time of the embedded encoders, beside the same networks in torch, in the same run.

usage: python -m bench.encoders
"""

from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import torch
from attrs import evolve
from efficientnet_lite_pytorch import EfficientNet
from transformers import AutoTokenizer, BertModel

from kuavi.adapters._weights import verified
from kuavi.adapters.clips import frame_change
from kuavi.adapters.text import minilm
from kuavi.domain.media import Frame
from kuavi.domain.plan import ModelSpec
from kuavi.domain.presets import EMBEDDED

N = 16
ROUNDS = 5
SENTENCE = "a man in a red jacket rides his bicycle along the river, take {}"


def least_ms(run: Callable[[int], object]) -> float:
    """CPU milliseconds an item, the least of some rounds; each round gets its number."""
    took = []
    for turn in range(ROUNDS):
        start = process_time()
        run(turn)
        took.append(process_time() - start)
    return min(took) / N * 1000


def frames(turn: int) -> list[Frame]:
    rng = np.random.default_rng(turn)
    return [Frame(i, rng.integers(0, 256, (360, 640, 3), dtype=np.uint8)) for i in range(N)]


def weights_of(spec: ModelSpec, suffix: str) -> Path:
    file = verified(spec).unwrap().ending(suffix)
    assert file is not None
    return file.path


def pictures() -> tuple[float, float]:
    """Clip encoder (resize, network, projection) and the bare network in torch."""
    encoder = frame_change.build(evolve(EMBEDDED.clips, options={"threads": 1})).unwrap()
    rounds = [frames(turn) for turn in range(ROUNDS)]
    encoder.encode([frames(ROUNDS)]).unwrap()
    ours = least_ms(lambda turn: encoder.encode([rounds[turn]]).unwrap())
    network = EfficientNet.from_name("efficientnet-lite0").eval()
    network.load_state_dict(torch.load(weights_of(EMBEDDED.clips, ".pth"), weights_only=True))
    batch = torch.zeros(N, 3, 224, 224)
    with torch.inference_mode():
        return ours, least_ms(lambda _: network(batch))


def sentences() -> tuple[float, float]:
    """Text encoder (tokenizer and network) and the same in transformers, a sentence at a time."""
    encoder = minilm.build(evolve(EMBEDDED.text, options={"threads": 1})).unwrap()
    texts = [SENTENCE.format(i) for i in range(N)]
    ours = least_ms(lambda _: [encoder.encode([text]).unwrap() for text in texts])
    folder = weights_of(EMBEDDED.text, ".safetensors").parent
    network, tokenizer = (
        BertModel.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
    )
    with torch.inference_mode():
        theirs = least_ms(lambda _: [network(**tokenizer(t, return_tensors="pt")) for t in texts])
    return ours, theirs


def main() -> None:
    torch.set_num_threads(1)
    for name, (ours, torchs) in (("frame 640x360", pictures()), ("sentence", sentences())):
        print(f"{name}: {ours:.1f} ms CPU, torch {torchs:.1f} ms, ratio {torchs / ours:.1f}")


if __name__ == "__main__":
    main()
