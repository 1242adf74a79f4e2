"""A tiny model in llama.cpp's form, made on the spot; it chats and it embeds.

Run by `make llamacpp`, in llama.cpp's own virtual environment, as `python -m tests.llamacpp.model
FILE`. The weights are random but seeded: what it says means nothing, how it says it is real.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from gguf import GGUFWriter, PoolingType, TokenType
from tokenizers import Tokenizer

from tests.served.vocabulary import CHAT_MARKS, CHAT_TEMPLATE, VOCABULARY, closing, trained

WIDTH = 192
HEADS, HEADS_KV = 6, 2
INNER = 512
LAYERS = 4
CONTEXT = 4_096


def main(file: Path) -> None:
    """Write the model into `file`."""
    writer = GGUFWriter(file, "llama")
    tokenizer = trained(*CHAT_MARKS)
    shape(writer)
    words(writer, tokenizer)
    weights(writer, tokenizer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def shape(writer: GGUFWriter) -> None:
    """Say how large everything is."""
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS_KV)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(VOCABULARY)
    writer.add_pooling_type(PoolingType.MEAN)  # one vector for a text, not one for each token


def words(writer: GGUFWriter, tokenizer: Tokenizer) -> None:
    """Put the tokenizer and the template of a chat into it."""
    of_id = sorted(tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda each: each[1])
    tokens = [token for token, _ in of_id]
    control, normal = TokenType.CONTROL, TokenType.NORMAL
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    end = tokenizer.token_to_id("<|im_end|>")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([control if token in CHAT_MARKS else normal for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def weights(writer: GGUFWriter, tokenizer: Tokenizer) -> None:
    """Put the weights into it, the same whenever they are made."""
    random = np.random.default_rng(5)

    def tensor(name: str, *size: int) -> None:
        writer.add_tensor(f"{name}.weight", random.normal(0, 0.1, size).astype(np.float32))

    def ones(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))

    tensor("token_embd", VOCABULARY, WIDTH)
    for at in range(LAYERS):
        key = f"blk.{at}"
        ones(f"{key}.attn_norm")
        tensor(f"{key}.attn_q", WIDTH, WIDTH)
        tensor(f"{key}.attn_k", WIDTH * HEADS_KV // HEADS, WIDTH)
        tensor(f"{key}.attn_v", WIDTH * HEADS_KV // HEADS, WIDTH)
        tensor(f"{key}.attn_output", WIDTH, WIDTH)
        ones(f"{key}.ffn_norm")
        tensor(f"{key}.ffn_gate", INNER, WIDTH)
        tensor(f"{key}.ffn_up", INNER, WIDTH)
        tensor(f"{key}.ffn_down", WIDTH, INNER)
    ones("output_norm")
    # Logits far enough apart that the order of a sum seldom chooses the token; and chance alone
    # ends no reply, so what closes one is likelier.
    last = random.normal(0, 0.2, (VOCABULARY, WIDTH)).astype(np.float32)
    last[closing(tokenizer)] *= 1.5
    writer.add_tensor("output.weight", last)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    main(parser.parse_args().file)
