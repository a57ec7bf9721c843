"""Real encoder classes with tiny random weights, saved to disk as their checkpoints are."""

import hashlib
import tempfile
from functools import cache
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipModel,
    SiglipTextConfig,
    SiglipVisionConfig,
)

from kuavi.domain.plan import ModelSpec, Source, Weights

TEXT = (
    "the chef chops carrots in kitchen a rocket telescope space looks at stars and galaxies far "
    "away sends its pictures home of number many query document red green dog"
)


def spec_of(adapter: str, folder: Path, **options: str | int | float | bool) -> ModelSpec:
    """A spec of all files in a folder, pinned."""
    files = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    weights = Weights(Source.DIRECTORY, str(folder), files, licence="test")
    return ModelSpec(adapter, f"tiny/{adapter}", "test", weights, options=options)


@cache
def tiny_siglip() -> ModelSpec:
    """A SigLIP of 32 dimensions for pictures of 32 x 32, and a tokenizer of letters."""
    folder = Path(tempfile.mkdtemp(prefix="tiny-siglip-"))
    vocab = ["<pad>", "<eos>", "<bos>", "<unk>", "\u2581", *map(chr, range(33, 127))]
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    torch.manual_seed(7)
    model = SiglipModel(
        SiglipConfig(
            text_config=SiglipTextConfig(
                vocab_size=len(vocab),
                projection_size=32,
                max_position_embeddings=64,
                bos_token_id=2,
                eos_token_id=1,
                pad_token_id=0,
                **sizes,
            ).to_dict(),
            vision_config=SiglipVisionConfig(image_size=32, patch_size=8, **sizes).to_dict(),
        )
    )
    with torch.no_grad():  # so that other words give clearly other vectors
        model.text_model.embeddings.token_embedding.weight.mul_(8)
    model.save_pretrained(folder)
    tokenizer = Tokenizer(
        models.BPE({text: i for i, text in enumerate(vocab)}, [], unk_token="<unk>")
    )
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.save(str(folder / "tokenizer.json"))
    return spec_of("siglip2", folder)


def save_sentences(folder: Path, prompts: dict[str, str], dense: int = 0) -> None:
    """A sentence encoder on a BERT of 32 dimensions, with a dense layer on top if asked for."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Transformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *TEXT.split(), *map(str, range(50))]
    tokenizer = Tokenizer(
        models.WordLevel({text: i for i, text in enumerate(vocab)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    bert = folder / "bert"
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=64
    ).save_pretrained(bert)
    torch.manual_seed(3)
    BertModel(
        BertConfig(
            vocab_size=len(vocab),
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=64,
            initializer_range=0.1,
        )
    ).save_pretrained(bert)
    top = [Dense(32, dense, activation_function=torch.nn.Identity())] if dense else []
    network = SentenceTransformer(
        modules=[Transformer(str(bert)), Pooling(32, "mean"), *top, Normalize()],
        prompts=prompts,
        device="cpu",
    )
    network.save(str(folder / "model"), create_model_card=False)


@cache
def tiny_sentences() -> ModelSpec:
    folder = Path(tempfile.mkdtemp(prefix="tiny-sentences-"))
    save_sentences(folder, {})
    return spec_of("hf_text", folder / "model")
