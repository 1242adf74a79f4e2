"""Words that carry meaning, cut down to stems, and which stems stand for the same thing.

>>> [term.stem for term in terms("The keepers were carrying boxes")]
['keeper', 'carri', 'box']
"""

import re
import unicodedata
from dataclasses import dataclass

from executors.engines.reading.vocabulary import IRREGULAR, STOP, SYNONYMS

#: Beyond this, words are not compared but as they stand.
WORD_CHARS_MAX = 40

PREFIX_MIN = 5
PREFIX_SHARE = 0.6
PREFIX_WEIGHT = 0.7
SYNONYM_WEIGHT = 0.7

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+|(?<=\d)[.,:]\d+)*")


@dataclass(frozen=True, slots=True)
class Term:
    """A word that carries meaning: its stem, and its place among all words of its text."""

    stem: str
    place: int


def words(text: str) -> list[str]:
    """Return the words of `text`: small letters without accents, numbers whole."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    return [word.replace("\u2019", "'") for word in _WORD.findall(plain.casefold())]


def terms(text: str) -> list[Term]:
    """Return the terms of `text` in order."""
    return [Term(stem(word), place) for place, word in enumerate(words(text)) if word not in STOP]


def stem(word: str) -> str:
    """Return what `word` has in common with its other forms.

    >>> stem("stopped"), stem("stops"), stem("stories"), stem("wrote"), stem("making")
    ('stop', 'stop', 'stori', 'write', 'mak')
    """
    word = word.removesuffix("'s").removesuffix("'")
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) <= 3 or len(word) > WORD_CHARS_MAX or not word[0].isalpha():
        return word
    return _without_ending(_without_plural(word))


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_ending(word: str) -> str:
    for ending in ("ing", "ed", "ly"):
        bare = word.removesuffix(ending)
        if bare != word and len(bare) >= 3 and any(vowel in bare for vowel in "aeiouy"):
            word = bare
            if ending != "ly" and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    if word.endswith("e") and len(word) > 3:
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


def _groups() -> dict[str, frozenset[str]]:
    groups: dict[str, frozenset[str]] = {}
    for line in SYNONYMS.splitlines():
        group = frozenset(stem(word) for word in line.split())
        for member in group:
            groups[member] = groups.get(member, frozenset()) | group
    return groups


_GROUPS = _groups()


def likeness(asked: str, found: str) -> float:
    """Say from 0 to 1 how far the stem `found` stands for the stem `asked`.

    >>> likeness("build", "build"), likeness("build", "construct"), likeness("build", "eat")
    (1.0, 0.7, 0.0)
    >>> likeness(stem("electricity"), stem("electrical"))
    0.7
    """
    if asked == found:
        return 1.0
    if found in _GROUPS.get(asked, ()):
        return SYNONYM_WEIGHT
    return PREFIX_WEIGHT if _same_beginning(asked, found) else 0.0


def _same_beginning(asked: str, found: str) -> bool:
    longer = max(len(asked), len(found))
    if min(len(asked), len(found)) < PREFIX_MIN or not asked.isalpha():
        return False
    shared = next(
        (at for at, (one, other) in enumerate(zip(asked, found, strict=False)) if one != other),
        min(len(asked), len(found)),
    )
    return shared >= max(PREFIX_MIN, PREFIX_SHARE * longer)
