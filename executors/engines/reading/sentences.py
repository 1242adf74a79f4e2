"""Where one sentence ends and the next begins, in text without line breaks.

>>> list(split_sentences("Dr. Lind came at 9.30. It rained! Did J. Baum see her?"))
['Dr. Lind came at 9.30.', 'It rained!', 'Did J. Baum see her?']
"""

import re
from collections.abc import Iterator

_END = re.compile(
    r"(?<![.!?…])[.!?…]+[\"'”\u2019»)\]*_]*(?=\s)|(?<![。\uff01\uff1f])[。\uff01\uff1f]+[」』”]*"
)
_LAST_WORD = re.compile(r"([^\s(\[\"'“\u2018]+)\.$")
_OPENERS = "\"'“\u2018«([*_¿¡-\u2013—"

_ABBREVIATIONS = """
mr mrs ms dr prof st sr jr rev hon gen col capt lt sgt gov pres messrs mme mlle vs cf viz eg e.g ie
i.e ca approx fig figs no nos vol vols pp ed eds ch sec art para
"""

#: After these a point ends no sentence.
_NEVER_LAST = frozenset(_ABBREVIATIONS.split())


def split_sentences(text: str) -> Iterator[str]:
    """Yield the sentences of `text`, which joined by single spaces give it again."""
    start = 0
    for end in _END.finditer(text):
        if _begins_sentence(text, end.end()) and not _is_abbreviation(text, start, end.end()):
            sentence = text[start : end.end()].strip()
            start = end.end()
            if sentence:
                yield sentence
    if rest := text[start:].strip():
        yield rest


def _begins_sentence(text: str, at: int) -> bool:
    """Say whether what comes at `at` can open a sentence: anything but a small letter."""
    ahead = text[at : at + 8].lstrip().lstrip(_OPENERS)
    return not ahead[:1].islower()


def _is_abbreviation(text: str, start: int, end: int) -> bool:
    word = _LAST_WORD.search(text[max(start, end - 24) : end])
    if word is None:
        return False
    bare = word[1]
    # A capital by itself is an initial, unless it is the pronoun.
    if len(bare) == 1 and bare.isupper() and bare != "I":
        return True
    # A number at the very beginning is that of a heading or an item.
    opens = not text[start : end - len(bare) - 1].strip()
    return bare.casefold() in _NEVER_LAST or (bare.isdigit() and opens)
