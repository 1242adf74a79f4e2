"""What counts as a token where there is no tokenizer: four characters, from the start of a text.

Coarse, and honest about it: English text has about as many in the tokenizers of today. What matters
is kept exactly: the tokens of a beginning are the beginning of the tokens, but for its last.
"""

from collections.abc import Iterator
from hashlib import blake2b

CHARACTERS = 4


def tokens_in(text: str) -> int:
    """Return how many tokens `text` has.

    >>> tokens_in(""), tokens_in("abcd"), tokens_in("abcde")
    (0, 1, 2)
    """
    return -(-len(text) // CHARACTERS)


def cut(text: str) -> list[str]:
    """Return `text` token by token."""
    return [text[at : at + CHARACTERS] for at in range(0, len(text), CHARACTERS)]


def blocks_of(text: str, block_tokens: int, owner: str) -> Iterator[bytes]:
    """Yield a name for each whole block of `text`, which only equal beginnings of one owner share.

    As engines name them: each by its own tokens and the name of the block before.
    """
    size = block_tokens * CHARACTERS
    before = blake2b(owner.encode(), digest_size=16).digest()
    for start in range(0, len(text) - size + 1, size):
        part = text[start : start + size].encode(errors="surrogatepass")
        before = blake2b(before + part, digest_size=16).digest()
        yield before
