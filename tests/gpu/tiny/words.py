"""What reads prompts, small: character tokenizers written here, and the encoders behind them."""

import string
from typing import Any

from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    ByT5Tokenizer,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    GemmaTokenizer,
    LlamaTokenizer,
    Qwen2Tokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    UMT5Config,
    UMT5EncoderModel,
)

LETTERS = string.ascii_letters + string.digits + string.punctuation
BYTES = sorted(ByteLevel.alphabet())
MOST_WORDS = 512
MOST_TOKENS = 4096
QWEN_MARKS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
LLAMA_MARKS = ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<image>", "<pad>")
"""As in LLaVA-Llama-3; the last two at the end of the vocabulary."""

LLAMA_SIZE = 3 + 1 + len(LETTERS) + len(LLAMA_MARKS)
GEMMA_MARKS = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")
GEMMA_SIZE = len(GEMMA_MARKS) + 1 + len(LETTERS) + 1
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def t5_tokenizer() -> Any:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(letter, -3.0) for letter in LETTERS]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=MOST_WORDS)


def t5_encoder(width: int = 32) -> Any:
    return T5EncoderModel(T5Config(**_t5_sizes(width))).eval()


def umt5_encoder(width: int = 32) -> Any:
    return UMT5EncoderModel(UMT5Config(**_t5_sizes(width))).eval()


def byt5_tokenizer() -> Any:
    return ByT5Tokenizer()


def byt5_encoder(width: int = 32) -> Any:
    return T5EncoderModel(T5Config(**_t5_sizes(width) | {"vocab_size": 384})).eval()


def _t5_sizes(width: int) -> dict[str, Any]:
    return {
        "vocab_size": 128,
        "d_model": width,
        "d_kv": 8,
        "d_ff": 2 * width,
        "num_layers": 1,
        "num_heads": 2,
        "is_encoder_decoder": False,
    }


def clip_tokenizer() -> Any:
    tokens = [*BYTES, *(f"{each}</w>" for each in BYTES), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def clip_text(width: int = 32) -> Any:
    size = 2 * len(BYTES) + 2
    config = CLIPTextConfig(
        vocab_size=size,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=width,
        bos_token_id=size - 2,
        eos_token_id=size - 1,
        pad_token_id=size - 1,
    )
    return CLIPTextModel(config).eval()


def qwen_tokenizer() -> Any:
    """Bytes, and the marks of a chat."""
    vocabulary = {token: index for index, token in enumerate([*BYTES, *QWEN_MARKS])}
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=[], model_max_length=MOST_TOKENS)
    tokenizer.add_special_tokens({"additional_special_tokens": list(QWEN_MARKS[1:])})
    tokenizer.chat_template = CHAT
    return tokenizer


def qwen_text_sizes(width: int) -> dict[str, Any]:
    return {
        "vocab_size": len(BYTES) + len(QWEN_MARKS),
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "rope_parameters": {
            "type": "mrope",
            "rope_type": "default",
            "mrope_section": [1, 1, 2],
            "rope_theta": 1_000_000.0,
        },
        "pad_token_id": len(BYTES),
        "bos_token_id": None,
        "eos_token_id": len(BYTES),
    }


def llama_tokenizer() -> Any:
    tokens = ["<unk>", "<s>", "</s>", "▁", *LETTERS, *LLAMA_MARKS]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = LlamaTokenizer(vocab=vocabulary, merges=[], pad_token="<pad>")
    tokenizer.add_special_tokens({"additional_special_tokens": list(LLAMA_MARKS[:-1])})
    return tokenizer


def gemma_tokenizer() -> Any:
    tokens = [*GEMMA_MARKS, "▁", *LETTERS]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return GemmaTokenizer(vocab=vocabulary, merges=[], model_max_length=1024)
