"""How much there is of things that no plan says: what was seen before, and what is assumed.

What was seen is kept by the name of a primitive without the numbers of elements, so that all
elements of a list are one. It changes by events alone; whoever estimates is handed a snapshot.
"""

import re
from collections.abc import Mapping
from dataclasses import field

from planner.extent import Extent
from planner.graph import PrimitiveId
from spec.records import record

_NUMBER = re.compile(r"\[(\d+\.)?\d+\]")


def pattern(id: str) -> str:
    """Return the name that a primitive shares with its like in other elements.

    Levels of a tree are kept apart: the first reads what the tree is of, the others what was said.

    >>> pattern("answer.said[12].decode"), pattern("sum[1.3]")
    ('answer.said[].decode', 'sum[1.]')
    """
    return _NUMBER.sub(r"[\1]", id)


@record
class Seen:
    """Running means of what was seen of one primitive, `times` times; None: never of this.

    `rows` of work; tokens of a call, and of the longest reply of a run to any like it
    (`tokens_longest`); of a structure the `count` of its children and how often its condition was
    met (`truth`).
    """

    times: int = 0
    rows: float | None = None
    tokens_in: float | None = None
    tokens_cached: float | None = None
    tokens_out: float | None = None
    tokens_longest: float | None = None
    count: float | None = None
    truth: float | None = None


_NOTHING = Seen()


@record
class Sizes:
    """What is known of the runs of one plan: `inputs` of the run in question, and what was `seen`.

    `seen` is by the id of a primitive, or else by its `pattern`.
    """

    inputs: Mapping[str, Extent] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)

    def of(self, id: PrimitiveId) -> Seen:
        """Return what was seen of a primitive."""
        return self.seen.get(id) or self.seen.get(pattern(id)) or _NOTHING


#: Of a document that nothing is known of: twenty pages.
DOCUMENT_TOKENS = 8_000
#: Of any other input of a run: a question.
INPUT_TOKENS = 16
#: Of a reply where neither `max_tokens` nor any run says more; of an item of a list; of a passage
#: or page that was found; of what a tool answers.
REPLY_TOKENS = 64
ITEM_TOKENS = 12
PASSAGE_TOKENS = 192
RESPONSE_TOKENS = 256
#: Items of a list that nobody said the length of.
LISTED = 3
#: Rounds of a loop that may end sooner than after its `max`.
ROUNDS = 2
#: Members of a group of a tree whose page does not say.
FAN_IN = 4
#: How often a condition is met.
TRUTH = 0.5
