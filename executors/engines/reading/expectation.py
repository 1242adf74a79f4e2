"""What a question expects of its answer, told by its question word, and whether a text has it.

>>> has_expected("How far is it?", "The harbour is two miles off.")
True
>>> has_expected("When was it built?", "It was built by hand.")
False
"""

import re

#: What stands later in a text is not looked at.
LOOKED_AT_CHARS_MAX = 1_000

_REASON = (
    r"\b(?:because|so that|due to|owing to|in order to|thanks to|reasons?|caus\w+|prevent\w*|"
    r"to avoid|as a result|otherwise|since (?!\d|then\b)|led to|therefore|from then on|fear\w*)\b|"
    r"[,;:] (?:for|as|so|since|or)\b|^since\b|\btoo \w+ (?:to|for)\b"
)
_NUMBER = (
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|"
    r"hundred|thousand|million|dozen|half|twice|once|every)"
)
_TIME = (
    r"\b(?:january|february|march|april|june|july|august|september|october|november|december|"
    r"(?-i:May)|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|1\d{3}|20\d\d|\d{1,2}[:.]\d\d|"
    r"\d+ ?[ap]m|noon|midnight|dawn|dusk|spring|summer|autumn|(?:mid)?winter|"
    r"(?:hour|minute|day|night|week|month|year|centur)\w*)\b"
)
#: A capital inside a sentence, or two words with one at its beginning.
_NAME = r"(?<![.!?:|•-] )(?<!^)\b(?-i:[A-Z][^\W\d_]+)|^(?-i:[A-Z]\w+ [A-Z]\w+)"
_PLACE = (
    r"\b(?:in|at|on|near|from|off|under|beside|behind|between|inside|outside|above|below|opposite|"
    r"along|into|to|across|around|by|of)\s+(?:the\s+)?(?-i:[A-Z])"
)

#: How each kind of question is told, and what gives an answer to it away.
_KINDS = tuple(
    (re.compile(asked, re.IGNORECASE), re.compile(told, re.IGNORECASE))
    for asked, told in (
        (r"\b(?:why|how come|what (?:\w+ )?(?:reason|causes?d?|makes?|made|led))\b", _REASON),
        (
            r"\bhow (?:many|much|long|old|far|tall|high|deep|wide|big|large|heavy|fast|often|soon)"
            r"\b|\bwhat age\b",
            _NUMBER,
        ),
        (
            r"\bwhen\b|\b(?:what|which) (?:time|year|day|date|month|evening|morning|season|century|"
            r"week)\b",
            _TIME,
        ),
        (r"\bwho(?:m|se)?\b", _NAME),
        (r"\bwhere\b", _PLACE),
    )
)


def has_expected(question: str, text: str) -> bool:
    """Say whether `text` has what `question` asks for, beyond what the question says itself.

    The kind of question is told by what is found first in it; no text has what nothing asks for.
    """
    found = [(match.start(), told) for asked, told in _KINDS if (match := asked.search(question))]
    if not found:
        return False
    _, told = min(found, key=lambda each: each[0])
    said = question.casefold()
    matches = told.finditer(text[:LOOKED_AT_CHARS_MAX])
    return any(match[0].casefold() not in said for match in matches)
