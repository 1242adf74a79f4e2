"""What work has cost, as the engines count it. Adds up exactly, from primitives to runs."""

from collections.abc import Mapping

from spec.records import record


@record
class Usage:
    """Tokens counted by the engine itself; zero where it does not count.

    `replies_cut`: replies that ended because they had as many tokens as they may have.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    replies_cut: int = 0

    def as_data(self) -> Mapping[str, int]:
        """Return the counts by name, as an event carries them."""
        return {
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "tokens_cached": self.tokens_cached,
            "replies_cut": self.replies_cut,
        }

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.tokens_cached + other.tokens_cached,
            self.replies_cut + other.replies_cut,
        )


#: What is the usage of whatever no engine counts.
NOTHING = Usage()


def count_of(value: object) -> int:
    """Return a count that somebody else has made; zero for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
