"""Three tiny models, made on the spot: a chat model, an embedding model, a cross-encoder.

Run by `make vllm`, in vLLM's own virtual environment, as `python -m tests.vllm.checkpoints FOLDER`.
The weights are random but seeded, and the tokenizer is trained on texts of this repository, so the
files are the same, byte for byte, whenever the same versions of the packages make them. What the
models say means nothing; how they say it (tokens, streams, grammars, scores) is real.
"""

import argparse
from pathlib import Path

import torch
from tokenizers import processors
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging

from tests.served.vocabulary import CHAT_MARKS, CHAT_TEMPLATE, VOCABULARY, closing, trained

CONTEXT = 8_192
REPLY_TOKENS_MAX = 1_024


def main(folder: Path) -> None:
    """Write the models into `folder`, one folder each: `chat`, `embedding`, `rerank`."""
    logging.disable_progress_bar()
    chat(folder / "chat")
    embedding(folder / "embedding")
    rerank(folder / "rerank")


def chat(folder: Path) -> None:
    """Write a causal model of 2.4 million parameters, with a context of 8,192 tokens."""
    tokenizer = trained(*CHAT_MARKS)
    end = tokenizer.token_to_id("<|im_end|>")
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=6,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        initializer_range=0.1,
        bos_token_id=None,
        eos_token_id=end,
        tie_word_embeddings=False,
        dtype="float32",
    )
    torch.manual_seed(5)
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        # Logits far enough apart that the order of a sum seldom chooses the token.
        model.lm_head.weight.mul_(2)
        # Chance alone ends no reply: what closes one, or a part of it, is likelier. Most then have
        # 10 to 250 tokens.
        model.lm_head.weight[closing(tokenizer)] *= 1.5
    # Without `max_tokens` a server goes on to the end of the context.
    model.generation_config = GenerationConfig(
        eos_token_id=end, do_sample=False, max_new_tokens=REPLY_TOKENS_MAX
    )
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=CHAT_TEMPLATE,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)


def embedding(folder: Path) -> None:
    """Write an embedding model: vectors of 96 numbers, texts of at most 2,048 tokens."""
    torch.manual_seed(6)
    BertModel(bert()).save_pretrained(folder)
    pair_tokenizer().save_pretrained(folder)


def rerank(folder: Path) -> None:
    """Write a cross-encoder: one score for a pair of texts."""
    torch.manual_seed(7)
    model = BertForSequenceClassification(bert(num_labels=1))
    with torch.no_grad():
        model.classifier.weight.mul_(4)  # or all pairs would score nearly the same
    model.save_pretrained(folder)
    pair_tokenizer().save_pretrained(folder)


def bert(**more: int) -> BertConfig:
    """Return the form of both models that read texts without writing any."""
    return BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=96,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=3,  # of 32 numbers each: with other sizes vLLM dies of the first text
        max_position_embeddings=2_048,
        initializer_range=0.1,
        dtype="float32",
        **more,
    )


def pair_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer that puts a text, or two, between BERT's marks."""
    tokenizer = trained("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    marks = [(mark, tokenizer.token_to_id(mark)) for mark in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=marks
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=2_048,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
