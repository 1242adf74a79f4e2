"""The words of the tiny models: a tokenizer trained on texts of this repository, a chat's template.

It runs where models are made, in the virtual environment of the server that is to have them.
"""

from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

ROOT = Path(__file__).resolve().parents[2]
#: Texts that hardly ever change: documents of the demo and the licence.
TEXTS = ("LICENSE", "bench/corpus/*/*.md", "bench/corpus/*/*.html")
VOCABULARY = 2_048
#: What the tokenizer of a chat begins with.
CHAT_MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>")

#: Messages as ChatML has them, tools as Hermes models are told of them.
CHAT_TEMPLATE = """\
{%- if tools %}<|im_start|>system
Tools: {{ tools | tojson }}<|im_end|>
{% endif %}
{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>
{%- endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def trained(*special: str) -> Tokenizer:
    """Return a byte-level BPE tokenizer, `special` tokens first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    paths = sorted(path for pattern in TEXTS for path in ROOT.glob(pattern))
    tokenizer.train_from_iterator((path.read_text("utf-8") for path in paths), trainer)
    if tokenizer.get_vocab_size() != VOCABULARY:
        raise SystemExit(f"the texts give {tokenizer.get_vocab_size()} tokens, not {VOCABULARY}")
    return tokenizer


def closing(tokenizer: Tokenizer) -> list[int]:
    """Return the tokens that end a reply, or a string, a list or an object of JSON."""
    texts = {id: tokenizer.decode([id]) for id in range(VOCABULARY)}
    closers = [id for id, text in texts.items() if text.lstrip()[:1] in ('"', "]", "}")]
    return [*(id for id in closers if texts[id].strip()), tokenizer.token_to_id("<|im_end|>")]
