"""A model in a folder, run here by transformers: causal language models and image-text models.

`ModelSpec.model` is a folder as `save_pretrained` writes it (safetensors; no code of it runs), or,
with the option `gguf_file`, the folder of a GGUF file (packages `gguf` and `accelerate`).  The
model's chat template makes the prompt; special tokens within a message are broken up first.  It
can't be held to a schema, so that is told in the prompt.  One request runs at a time.

Options: `name` (the model's; else the folder's), `revision` (of the weights; else the files are
hashed), `gguf_file`, `device` ("auto": CUDA, then MPS, then CPU; or torch's name), `dtype`
("auto": as stored; or torch's name).  `timeout_s` bounds the time of one generation.
"""

import logging
import time
from collections.abc import Mapping
from hashlib import file_digest, sha256
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import torch
import transformers
from attrs import field, frozen
from jinja2 import TemplateError
from PIL import Image as Pictures
from returns.result import Failure, Success

from rlm.models.canonical import with_schema_told
from rlm.models.messages import LENGTH, STOP, Image, Price, Reply, Request, Usage
from rlm.models.spec import ModelSpec
from rlm.models.trouble import (
    BadReply,
    Broke,
    ModelTrouble,
    NoImages,
    Refused,
    TimedOut,
    Unloadable,
    one_line,
)
from rlm.outcome import Outcome

log = logging.getLogger(__name__)

RECIPE = 1
"""Raise when the same request is answered in another way by the same weights."""
OPTIONS = frozenset({"device", "dtype", "gguf_file", "name", "revision"})
DTYPES = ("auto", "float32", "bfloat16", "float16")
LOADING = (OSError, ValueError, RuntimeError, KeyError, TypeError, ImportError, AttributeError)
"""What loading a checkpoint that does not fit raises."""
UNREADABLE = (OSError, ValueError, SyntaxError, Pictures.DecompressionBombError)


@frozen(eq=False)
class LocalModel:
    """`prompter`: a tokenizer, or a processor where images are taken; both have the template."""

    model_id: str
    revision: str
    takes_images: bool
    price: Price | None
    timeout_s: float
    network: Any = field(repr=False)
    prompter: Any = field(repr=False)
    tokenizer: Any = field(repr=False)
    lock: Any = field(factory=Lock, init=False, repr=False)

    def complete(self, request: Request) -> Outcome[Reply, ModelTrouble]:
        if request.images and not self.takes_images:
            return Failure(NoImages(self.model_id))
        with self.lock:
            prompt = self._prompt(request)
            if isinstance(prompt, Failure):
                return prompt
            return self._generated(prompt.unwrap(), request)

    def _prompt(self, request: Request) -> Outcome[Any, ModelTrouble]:
        """The tensors of a prompt that leaves room for the reply."""
        try:
            turns = [self._turn(message) for message in with_schema_told(request)]
            inputs = self.prompter.apply_chat_template(
                turns,
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            )
        except TemplateError as error:
            told = f"its chat template does not take these turns: {one_line(str(error))}"
            return Failure(Refused(self.model_id, None, told))
        except UNREADABLE as error:
            told = f"the prompt can't be made: {one_line(str(error))}"
            return Failure(Refused(self.model_id, None, told))
        size, most = inputs["input_ids"].shape[1], self._context()
        if most is not None and size + request.max_tokens > most:
            told = f"{size} tokens of prompt and {request.max_tokens} of reply are over {most}"
            return Failure(Refused(self.model_id, None, f"{told}, the model's context; ask less"))
        return Success(inputs)

    def _turn(self, message: Any) -> dict[str, Any]:
        text = _defused(message.text, self.tokenizer.all_special_tokens)
        if not self.takes_images:
            return {"role": message.role, "content": text}
        parts: list[dict[str, Any]] = [
            {"type": "image", "image": _decoded(image)} for image in message.images
        ]
        return {"role": message.role, "content": [*parts, {"type": "text", "text": text}]}

    def _context(self) -> int | None:
        config = self.network.config.get_text_config()
        most = getattr(config, "max_position_embeddings", None)
        return None if most is None else int(most)

    def _generated(self, inputs: Any, request: Request) -> Outcome[Reply, ModelTrouble]:
        began = time.monotonic()
        try:
            made = self._run(inputs.to(self.network.device), request)
        except (torch.OutOfMemoryError, MemoryError):
            return Failure(Broke(self.model_id, "out of memory; ask less or take a smaller model"))
        except (RuntimeError, ValueError, IndexError) as error:
            reason = one_line(f"{type(error).__name__}: {error}")
            return Failure(Broke(self.model_id, reason))
        ended = bool(made) and made[-1] in self._ends()
        if not ended and time.monotonic() - began >= self.timeout_s:
            return Failure(TimedOut(self.model_id, self.timeout_s))
        text = self.tokenizer.decode(
            made, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        sent = int(inputs["input_ids"].shape[1])
        cost = None if self.price is None else self.price.of(sent, len(made))
        usage = Usage(sent, len(made), cost)
        if not text.strip():
            return Failure(BadReply(self.model_id, "it is empty", usage))
        return Success(Reply(text.strip(), self.model_id, usage, STOP if ended else LENGTH))

    def _run(self, inputs: Any, request: Request) -> list[int]:
        """The tokens made, greedily at temperature 0; sampling has a seed, 0 if none is given."""
        manner: dict[str, Any] = {"do_sample": False}
        if request.temperature is None:
            manner = {}
        elif request.temperature > 0:
            manner = {"do_sample": True, "temperature": request.temperature}
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(request.seed or 0)
            tokens = self.network.generate(
                **inputs,
                max_new_tokens=request.max_tokens,
                max_time=self.timeout_s,
                pad_token_id=self.tokenizer.pad_token_id,
                **manner,
            )
        return [int(token) for token in tokens[0, inputs["input_ids"].shape[1] :]]

    def _ends(self) -> set[int]:
        ends = self.network.generation_config.eos_token_id
        return set(ends) if isinstance(ends, list) else {ends}


def _defused(text: str, special: list[str]) -> str:
    """Text in which no special token is left: each is broken after its first character."""
    for token in special:
        if len(token) > 1:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def _decoded(image: Image) -> Any:
    with Pictures.open(BytesIO(image.data)) as picture:
        return picture.convert("RGB")


def build(spec: ModelSpec) -> Outcome[LocalModel, ModelTrouble]:
    """Loads the model."""
    folder, options = Path(spec.model), spec.options
    name = str(options.get("name", folder.name))
    unknown = sorted(set(options) - OPTIONS)
    if unknown or str(options.get("dtype", "auto")) not in DTYPES:
        known = f"{', '.join(sorted(OPTIONS))}; dtype is one of {', '.join(DTYPES)}"
        return Failure(Unloadable(name, f"its options are not all known; known: {known}"))
    if not folder.is_dir():
        return Failure(Unloadable(name, f"there is no folder {folder}"))
    try:
        revision = str(options.get("revision") or _hashed(folder))
        network, prompter = _loaded(spec, folder)
    except LOADING as error:
        return Failure(Unloadable(name, one_line(f"{type(error).__name__}: {error}")))
    if not prompter.chat_template:
        return Failure(Unloadable(name, "it has no chat template; take one tuned for chat"))
    tokenizer = prompter.tokenizer if spec.takes_images else prompter
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    told = f"local-{RECIPE} {network.dtype} {revision}"
    return Success(
        LocalModel(
            model_id=name,
            revision=told,
            takes_images=spec.takes_images,
            price=spec.price,
            timeout_s=spec.timeout_s,
            network=network,
            prompter=prompter,
            tokenizer=tokenizer,
        )
    )


def _loaded(spec: ModelSpec, folder: Path) -> tuple[Any, Any]:
    """The network, and what makes its prompts."""
    ours: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    dtype = str(spec.options.get("dtype", "auto"))
    weights = {**ours, "dtype": dtype if dtype == "auto" else getattr(torch, dtype)}
    gguf = spec.options.get("gguf_file")
    if gguf is None:
        weights["use_safetensors"] = True
    else:
        ours["gguf_file"] = weights["gguf_file"] = str(gguf)
    transformers.utils.logging.disable_progress_bar()
    network_class, prompter_class = (
        (transformers.AutoModelForImageTextToText, transformers.AutoProcessor)
        if spec.takes_images
        else (transformers.AutoModelForCausalLM, transformers.AutoTokenizer)
    )
    prompter = prompter_class.from_pretrained(str(folder), **ours)
    network = network_class.from_pretrained(str(folder), **weights)
    return network.eval().to(_device(spec.options)), prompter


def _device(options: Mapping[str, Any]) -> str:
    named = str(options.get("device", "auto"))
    if named != "auto":
        return named
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _hashed(folder: Path) -> str:
    """One hash of all files by name."""
    whole = sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()} {digest}\n".encode())
    return whole.hexdigest()
