"""An event loop on which waiting takes no time: its clock jumps to whatever is due next."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Jumping(selectors.SelectSelector):
    """Waits for nothing; what would have been waited is added to the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.now += timeout or 0.0
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.jumping = _Jumping()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now


def run_virtually(loop: VirtualLoop, work: Coroutine[Any, Any, Any]) -> Any:
    """Run `work` to its end on `loop`, and close it."""
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
