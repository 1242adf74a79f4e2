"""What is left of a list once it is whole, where its elements began while it was still said.

Of n items said over `rest` ms the i-th of 1 to n is closed at about i/n of that. All elements
together take what they would take if they began at once; those that begin with the first item have
rest·(1-1/n) to be ahead of that when the reply is over. But the last of those that may go at once
begins only with its own item, and whoever comes after it there later still; so one element is
always left, as it goes among those it meets. Elements in turn wait for one item more, since the
last of them is opened as such: two of them are left.

For elements in turn that each take e this is exact: they end at the latest of what the first leaves
and what the last two leave. Where they contend for engines it is what engines that are never idle
would leave.
"""

from spec.records import record


@record
class Reply:
    """`count` items that are said over `rest_ms`, and gone over from `late_ms` after its first
    token at the earliest, as something else is waited for.
    """

    count: float
    rest_ms: float
    late_ms: float = 0.0

    def before_end_ms(self, items: float) -> float:
        """Return how long before the reply is over `items` of it are closed and may be begun with.

        >>> Reply(count=4, rest_ms=800.0).before_end_ms(1), Reply(4, 800.0, 700.0).before_end_ms(1)
        (600.0, 100.0)
        """
        closed = min(1.0, items / max(1.0, self.count))
        return max(0.0, self.rest_ms - max(closed * self.rest_ms, self.late_ms))

    def left_at_once_ms(self, all_ms: float, one_ms: float, width: float) -> float:
        """Return what is left when the reply is over of elements of which `width` go at once, and
        which would take `all_ms` from then, each `one_ms` among those it meets.

        >>> reply = Reply(count=4, rest_ms=800.0)
        >>> reply.left_at_once_ms(1000.0, 250.0, 256), reply.left_at_once_ms(300.0, 250.0, 256)
        (400.0, 250.0)
        >>> reply.left_at_once_ms(800.0, 400.0, 2)
        400.0
        """
        rounds_ms = max(1.0, self.count / width) * one_ms - self.before_end_ms(width)
        return min(all_ms, max(one_ms, rounds_ms, all_ms - self.before_end_ms(1)))

    def left_in_turn_ms(self, all_ms: float, two_ms: float) -> float:
        """Return what is left of elements in turn, of which the last two take `two_ms`.

        >>> reply = Reply(count=4, rest_ms=800.0)
        >>> reply.left_in_turn_ms(1000.0, 500.0), reply.left_in_turn_ms(400.0, 200.0)
        (600.0, 200.0)
        """
        return min(all_ms, max(two_ms, all_ms - self.before_end_ms(2)))

    def met(self, one_ms: float, width: float) -> float:
        """Return how many elements of `one_ms` are under way at once, of `width` at the most.

        >>> Reply(4, 800.0).met(500.0, 256), Reply(4, 800.0).met(50.0, 256)
        (2.5, 1.0)
        """
        most = max(1.0, min(self.count, width))
        return max(1.0, min(most, self.count * one_ms / self.rest_ms)) if self.rest_ms else most
