"""What a question expects of its answer, told by its first words, and whether a sentence has it.

>>> expected("How far is it to the harbour?").name, expected("Who built the tower?").name
('DISTANCE', 'NAME')
"""

import re
from enum import Enum

#: An answer that begins later in a sentence is not looked for.
LOOKED_AT_CHARS_MAX = 1_000


def _aloud(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that does not tell capitals from small letters."""
    return re.compile(pattern, re.IGNORECASE)


_MONTHS = r"january|february|march|april|june|july|august|september|october|november|december"
_DAYS = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_NUMBER = (
    r"(?:\d[\d.,]{0,15}|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|"
    r"fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|"
    r"eighty|ninety|hundred|thousand|million|billion|dozen|half|third|quarter|twice|once|none)s?)"
)
_SPAN = r"(?:second|minute|hour|day|night|week|fortnight|month|season|year|decade|centur)"
_LENGTH = r"(?:mm|cm|m|km|kilomet|centimet|millimet|met(?:re|er)|mile|yard|feet|foot|inch|light)"
_MONEY = (
    r"(?:[£$€¥]|(?:pound|dollar|euro|cent|penn|pence|crown|franc|mark|yen|rupee|"
    r"usd|eur|gbp)[a-z]*\b|free\b|without charge|for nothing)"
)
_BESIDE = (
    r"(?:in|at|on|near|from|off|under|beneath|beside|behind|between|inside|outside|above|below|"
    r"opposite|along|into|to|across|around|by|west of|east of|north of|south of)"
)
_NEVER = re.compile(r"(?!)")


class Expected(Enum):
    """Kinds of answer: what gives one away, and what is only a hint of one."""

    NAME = (
        _aloud(
            r"(?<![.!?:|•-] )(?<!^)\b(?-i:[A-Z][^\W\d_]+)|^(?-i:[A-Z])\w+ (?-i:[A-Z])\w+|"
            r"\b(?:[a-z]|mrs?|ms|dr|prof|st)\. (?-i:[A-Z])\w+"
        ),
        _aloud(r"\b(?:\w{3,}(?:er|or|ist|ian|ee)s?|\w*(?:man|men)|people|staff|team)\b"),
    )
    TIME = (
        _aloud(
            rf"\b(?:{_MONTHS}|(?-i:May)|{_DAYS}|1\d{{3}}s?|20\d\ds?|\d{{1,2}}[:.]\d\d|"
            r"\d+ ?(?:am|pm)|noon|midnight|midday|o['\u2019]clock|dawn|dusk|daybreak|"
            r"centur(?:y|ies)|spring|summer|autumn|winter|weekdays?|weekends?|christmas|easter|bc|ad|"
            rf"(?:half|quarter|\w+) past \w+|(?:after|before|until|within)\s+{_NUMBER}|"
            rf"(?:{_NUMBER}|first|second|third|fourth|fifth|last|next)\s+{_SPAN}[a-z]*)\b"
        ),
        _aloud(r"\b(?:when|while|before|after|until|during|once|at|early|late|soon)\b"),
    )
    PLACE = (
        _aloud(rf"\b{_BESIDE}\s+(?:the\s+)?(?-i:[A-Z])\w+"),
        _aloud(rf"\b{_BESIDE}\s+(?:the|an?)\s+\w+"),
    )
    MONEY = (_aloud(_MONEY), _aloud(rf"\b{_NUMBER}\b"))
    DURATION = (
        _aloud(rf"\b{_NUMBER}[\s-]{{1,3}}(?:\w+\s+)?{_SPAN}"),
        _aloud(rf"\b(?:until|till|for (?:ever|life|good)|{_NUMBER})\b"),
    )
    DISTANCE = (_aloud(rf"\b{_NUMBER}[\s-]{{0,3}}{_LENGTH}"), _aloud(rf"\b{_NUMBER}\b"))
    FREQUENCY = (
        _aloud(
            r"\b(?:every|each|once|twice|daily|weekly|monthly|yearly|annually|never|always|"
            rf"{_NUMBER}(?: \w+)? (?:times?|{_SPAN}s?)|an? {_SPAN})\b"
        ),
        _aloud(rf"\b{_NUMBER}\b"),
    )
    COUNT = (_aloud(rf"\b{_NUMBER}\b"), _NEVER)
    REASON = (
        _aloud(
            r"\b(?:because|so that|due to|owing to|in order to|thanks to|therefore|reasons?|"
            r"caus\w+|prevent\w*|lest|that is why|to avoid|from then on|as a result|hence|thus|"
            r"otherwise|fear\w*|traced to|led to|result\w*|since (?!\d|then\b))\b"
            r"|[,;:] (?:for|as|so|since|or)\b|^(?:since|as|in order|to)\b|\btoo \w+ (?:to|for)\b"
        ),
        _aloud(r"\b(?:for|as|so|after|to \w+|too|if|would)\b"),
    )
    MANNER = (
        _aloud(
            r"\b(?:by (?:\w+ ){0,2}\w+ing|using|by means of|through|turn\w*|instead|in this way|"
            r"so that|(?:comes?|came|made|built|fed|powered|driven) (?:\w+ )?(?:by|from|of|with))\b"
        ),
        _aloud(r"\b(?:by|with|from|into|then|first)\b"),
    )
    LEAVE = (
        _aloud(
            r"\b(?:may|can|must|cannot|only|never|not|no|none|allow\w*|forbid\w*|permit\w*|"
            r"nobody|anyone|welcome|free|without|need\w*|do not|don['\u2019]t)\b"
        ),
        _NEVER,
    )
    ANYTHING = (_NEVER, _NEVER)


#: What is found first in the question decides; of two found at one place, the upper line.
_RULES: tuple[tuple[Expected, re.Pattern[str]], ...] = (
    (
        Expected.REASON,
        _aloud(
            r"\b(?:why|how come|for what reason|(?:what|which)(?: \w+){0,3} "
            r"(?:reasons?|point|purpose|cause)|what (?:causes|caused|made|makes|led))\b"
        ),
    ),
    (
        Expected.MONEY,
        _aloud(
            r"\bhow (?:much|many)\b.*\b(?:costs?|pay|paid|money|price|fee|charged?|spen[dt]|earn)\b"
            r"|\bwhat\b.*\b(?:costs?|price|fees?|fare|deposit|fine)\b|\bhow expensive\b"
        ),
    ),
    (Expected.FREQUENCY, _aloud(r"\bhow (?:often|frequently|regularly|many times)\b")),
    (
        Expected.DURATION,
        _aloud(
            rf"\bhow (?:long|old|soon|late|early|many {_SPAN}\w*)\b|\bwhat age\b|\bhow much time\b"
        ),
    ),
    (
        Expected.DISTANCE,
        _aloud(r"\bhow (?:far|tall|high|deep|wide|thick|big|large|near|close|broad)\b"),
    ),
    (
        Expected.COUNT,
        _aloud(
            r"\bhow (?:many|much|heavy|fast|hot|cold|strong|warm|loud|bright|powerful)\b|"
            r"\b(?:what|which)(?: \w+){0,3} (?:number|amount|percentage|share|proportion|speed|"
            r"temperature|size|weight|height|depth|width|length|distance|range|capacity|population)\b"
        ),
    ),
    (
        Expected.TIME,
        _aloud(
            r"\bwhen\b|\b(?:what|which)(?: \w+)? (?:time|year|day|date|month|week|weekday|evening|"
            r"morning|afternoon|night|century|decade|season|hours)\b"
        ),
    ),
    (
        Expected.NAME,
        _aloud(
            r"\bwho(?:m|se)?\b|\b(?:what|which)(?: \w+)? (?:person|man|woman|people|company|"
            r"engineer|scientist|artist|author|architect|king|queen|president|inventor|organi[sz]ation)\b"
        ),
    ),
    (
        Expected.PLACE,
        _aloud(
            r"\bwhere\b|\b(?:what|which)(?: \w+)? (?:place|city|town|country|river|island|street|"
            r"building|room|region|state|village|lake)\b"
        ),
    ),
    (Expected.MANNER, _aloud(r"\bhow\b|\bin what way\b|\bby what means\b")),
)

_LEAVE = _aloud(r"^\W*(?:may|can|must|do|does|is|are|am|should|will|could|would|what should)\b")


def expected(question: str) -> Expected:
    """Return the kind of answer that `question` asks for."""
    found = [
        (match.start(), order)
        for order, (_, rule) in enumerate(_RULES)
        if (match := rule.search(question))
    ]
    if found:
        return _RULES[min(found)[1]][0]
    return Expected.LEAVE if _LEAVE.search(question) else Expected.ANYTHING


def gives(kind: Expected, sentence: str, question: str) -> float:
    """Say how far `sentence` has what `kind` asks for, beyond what `question` says itself.

    One where something gives it away, a half where there is a hint, else nothing.
    """
    said, sentence = question.casefold(), sentence[:LOOKED_AT_CHARS_MAX]
    for pattern, strength in zip(kind.value, (1.0, 0.5), strict=True):
        if any(found[0].casefold() not in said for found in pattern.finditer(sentence)):
            return strength
    return 0.0
