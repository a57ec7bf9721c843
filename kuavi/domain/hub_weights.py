"""Models whose weights come from the Hugging Face hub, each at one commit.

Where a file's SHA-256 is not pinned, the commit fixes it and its hash is recorded when it is read.
"""

from collections.abc import Mapping, Sequence

from kuavi.domain.package_weights import SILERO_VAD
from kuavi.domain.plan import ModelSpec, Source, Weights

TRANSFORMERS_FILES = {"config.json": "", "model.safetensors": ""}


def _hub(
    location: str, files: Mapping[str, str], licence: str, megabytes: float, terms: str = ""
) -> Weights:
    origin = f"https://huggingface.co/{location}"
    return Weights(Source.HUB, location, files, licence, megabytes, origin, terms)


def vjepa2_clips(
    name: str, revision: str, licence: str, megabytes: float, crop: int = 256
) -> ModelSpec:
    """A V-JEPA 2 backbone with its predictor, in transformers' form."""
    location = f"facebook/{name}"
    weights = _hub(location, TRANSFORMERS_FILES, licence, megabytes)
    return ModelSpec("hf_vjepa2", location, revision, weights, options={"crop": crop})


def vjepa2_probe(
    task: str, name: str, revision: str, megabytes: float, crop: int = 256
) -> ModelSpec:
    """A released probe with its own backbone, in transformers' form."""
    location = f"facebook/{name}"
    weights = _hub(location, TRANSFORMERS_FILES, "MIT", megabytes)
    return ModelSpec("hf_vjepa2", location, revision, weights, options={"task": task, "crop": crop})


SIGLIP2 = ModelSpec(
    "siglip2",
    "google/siglip2-base-patch16-256",
    "3f9f96cb90da5dbc758b01813f2f6f1aee24c1ab",
    _hub(
        "google/siglip2-base-patch16-256",
        TRANSFORMERS_FILES | {"tokenizer.json": ""},
        "Apache-2.0",
        1536.0,
    ),
)

SENTENCE_FILES = (
    "modules.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)


def _sentences(
    model_id: str,
    revision: str,
    weights: Weights,
    options: Mapping[str, str | int | float | bool] | None = None,
) -> ModelSpec:
    return ModelSpec("hf_text", model_id, revision, weights, options=options or {})


def _files(names: Sequence[str], pinned: Mapping[str, str] | None = None) -> dict[str, str]:
    return dict.fromkeys(names, "") | dict(pinned or {})


MINILM_L12 = _sentences(
    "sentence-transformers/all-MiniLM-L12-v2",
    "936af83a2ecce5fe87a09109ff5cbcefe073173a",
    _hub("sentence-transformers/all-MiniLM-L12-v2", _files(SENTENCE_FILES), "Apache-2.0", 133.9),
)
MPNET = _sentences(
    "sentence-transformers/all-mpnet-base-v2",
    "e8c3b32edf5434bc2275fc9bab85f82640a19130",
    _hub("sentence-transformers/all-mpnet-base-v2", _files(SENTENCE_FILES), "Apache-2.0", 438.7),
)
BGE_SMALL = _sentences(
    "BAAI/bge-small-en-v1.5",
    "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a",
    _hub(
        "BAAI/bge-small-en-v1.5",
        _files(
            SENTENCE_FILES,
            {
                "model.safetensors": (
                    "3c9f31665447c8911517620762200d2245a2518d6e7208acc78cd9db317e21ad"
                )
            },
        ),
        "MIT",
        134.5,
    ),
    {
        "query_prompt": "Represent this sentence for searching relevant passages: ",
        "floor": 0.6,  # its card: unrelated sentences lie about there; not measured here
    },
)
EMBEDDINGGEMMA = _sentences(
    "google/embeddinggemma-300m",
    "57c266a740f537b4dc058e1b0cda161fd15afa75",
    _hub(
        "google/embeddinggemma-300m",
        _files(
            (
                *SENTENCE_FILES,
                "2_Dense/config.json",
                "2_Dense/model.safetensors",
                "3_Dense/config.json",
                "3_Dense/model.safetensors",
            )
        ),
        "Gemma",
        1254.0,
        terms="the Gemma Terms of Use; gated: agree on its page and `hf auth login` first",
    ),
)


def _whisper(name: str, revision: str, files: Mapping[str, str], megabytes: float) -> ModelSpec:
    """A multilingual Whisper in CTranslate2's form; the language is heard, unless given."""
    location = f"Systran/faster-whisper-{name}"
    return ModelSpec(
        "faster_whisper",
        location,
        revision,
        _hub(location, files, "MIT", megabytes),
        (SILERO_VAD,),
        {"language": "auto"},
    )


WHISPER_SMALL = _whisper(
    "small",
    "536b0662742c02347bc0e980a01041f333bce120",
    {
        "model.bin": "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
        "config.json": "",
        "tokenizer.json": "",
        "vocabulary.txt": "",
    },
    486.0,
)
WHISPER_MEDIUM = _whisper(
    "medium",
    "08e178d48790749d25932bbc082711ddcfdfbc4f",
    {
        "model.bin": "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
        "config.json": "",
        "tokenizer.json": "",
        "vocabulary.txt": "",
    },
    1530.6,
)
WHISPER_LARGE_V3 = _whisper(
    "large-v3",
    "edaa852ec7e145841d8ffdb056a99866b5f0a478",
    {
        "model.bin": "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
        "config.json": "",
        "preprocessor_config.json": "",
        "tokenizer.json": "",
        "vocabulary.json": "",
    },
    3090.8,
)
