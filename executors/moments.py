"""Moments as text, in one form wherever they are shown. Reads no clock."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """Write a moment in UTC, to the millisecond.

    >>> rfc3339(datetime(2026, 1, 1, tzinfo=UTC))
    '2026-01-01T00:00:00.000Z'
    """
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
