"""Language models of real classes with tiny random weights, saved to disk as checkpoints are."""

import atexit
import shutil
import tempfile
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image as Pictures
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from rlm.models.messages import Image

torch.set_num_threads(1)  # networks this small lose time on more
SPECIAL = ("<unk>", "<pad>", "<end>", "<image>", "<user>", "<assistant>", "<system>")
WORDS = (
    "stir the soup chop carrots what is this and that be brief a pan number one two three four "
    "five six seven eight hello look into to of in on with pot knife spoon cuts turns takes"
)
TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}> {% if m['content'] is string %}{{ m['content'] }}"
    "{% else %}{% for p in m['content'] %}{% if p['type'] == 'image' %}<image> "
    "{% else %}{{ p['text'] }}{% endif %}{% endfor %}{% endif %} <end> {% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
WIDTH = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
CONTEXT = 1024


def painted(shade: int = 255) -> Image:
    """A real PNG: a ramp of one colour."""
    ramp = np.linspace(0, shade, 32 * 32 * 3).reshape(32, 32, 3).astype(np.uint8)
    file = BytesIO()
    Pictures.fromarray(ramp).save(file, "PNG")
    return Image("image/png", file.getvalue())


def tokenizer_of(template: str | None = TEMPLATE) -> PreTrainedTokenizerFast:
    words = dict.fromkeys([*SPECIAL, *WORDS.split(), *map(str, range(20))])
    vocab = {word: i for i, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        pad_token="<pad>",
        eos_token="<end>",
        additional_special_tokens=list(SPECIAL[3:]),
    )
    fast.chat_template = template
    return fast


def text_config(size: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=size,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        initializer_range=0.4,
        bos_token_id=None,
        eos_token_id=2,
        pad_token_id=1,
        **WIDTH,
    )


def kept_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="tiny-language-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def tiny_language() -> Path:
    folder, tokenizer = kept_folder(), tokenizer_of()
    torch.manual_seed(5)
    LlamaForCausalLM(text_config(len(tokenizer))).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@cache
def tiny_vision_language() -> Path:
    """A LLaVA that sees 32 x 32 pixels in 4 x 4 patches."""
    folder, tokenizer = kept_folder(), tokenizer_of()
    vision = CLIPVisionConfig(
        image_size=32, patch_size=8, num_attention_heads=4, initializer_range=0.4, **WIDTH
    )
    torch.manual_seed(6)
    config = LlavaConfig(
        vision_config=vision,
        text_config=text_config(len(tokenizer)),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
        vision_feature_layer=-1,
    )
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    size = {"height": 32, "width": 32}
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size),
        tokenizer=tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        chat_template=TEMPLATE,
        image_token="<image>",
        num_additional_image_tokens=1,
    )
    processor.save_pretrained(folder)
    return folder
