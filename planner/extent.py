"""About how much a value is."""

from spec.records import record


@record
class Extent:
    """`rows` of a list, 1 of anything else; `tokens` of all of it as text, four characters each.

    `inner` are the rows of each row, where they are lists themselves.
    """

    rows: float = 1.0
    tokens: float = 0.0
    inner: float = 1.0

    def row(self) -> "Extent":
        """Return the extent of one row.

        >>> Extent(4.0, 80.0).row()
        Extent(rows=1.0, tokens=20.0, inner=1.0)
        """
        return Extent(self.inner, self.tokens / max(1.0, self.rows))

    def cut(self, rows: float) -> "Extent":
        """Return the extent of the first `rows` of it."""
        kept = min(self.rows, rows)
        return Extent(kept, self.tokens * kept / max(1.0, self.rows), self.inner)
