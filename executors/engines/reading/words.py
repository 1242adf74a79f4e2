"""The words that a question and a text share, rare ones counting more.

>>> [round(share, 2) for share in shared("old mill", ["An old mill.", "A mill.", "It rains."])]
[1.0, 0.4, 0.0]
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+|(?<=\d)[.,:]\d+)*")


def words(text: str) -> list[str]:
    """Return the words of `text`: small letters without accents, numbers whole.

    >>> words("The Señor's café took £4.50.")
    ['the', 'senor', 'cafe', 'took', '4.50']
    """
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    found = _WORD.findall(plain.casefold())
    return [word.replace("\u2019", "'").removesuffix("'s") for word in found]


def shared(question: str, texts: Sequence[str]) -> list[float]:
    """Return for each text, from 0 to 1, how much of the words of `question` it holds.

    A word weighs the more, the fewer texts hold it.
    """
    asked = frozenset(words(question))
    held = [asked.intersection(words(text)) for text in texts]
    holding = Counter(word for each in held for word in each)
    weights = {word: math.log(1 + len(texts) / max(1, holding[word])) for word in asked}
    whole = math.fsum(weights.values()) or 1.0
    return [math.fsum(weights[word] for word in each) / whole for each in held]
