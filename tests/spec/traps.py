"""Values that are no plain data, and tell whether anything looked into them."""

from typing import Any

#: What a trap holds, so that what was copied out of one without asking it is known again.
MARK = "what no one may see"
NUMBER = 918_273_645
CONTENT: dict[type, tuple[Any, ...]] = {
    object: (),
    str: (MARK,),
    int: (NUMBER,),
    float: (NUMBER + 0.5,),
    bytes: (MARK.encode(),),
    list: ([MARK],),
    tuple: ((MARK,),),
    set: ({MARK},),
    dict: ({"id": MARK, "text": MARK, "a": MARK},),
}
_MAKING = {
    "__new__", "__init__", "__init_subclass__", "__subclasshook__", "__class__", "__doc__",
    "__getattribute__", "__class_getitem__",
}  # fmt: skip
_MORE = {
    "__getattribute__", "__getattr__", "__bool__", "__index__", "__complex__", "__fspath__",
    "__bytes__", "__call__", "__enter__", "__exit__", "__length_hint__", "__missing__", "__radd__",
    "__rmul__", "__rmod__", "__ror__", "__rand__", "__rsub__", "__iadd__", "__imul__", "__next__",
    "__copy__", "__deepcopy__", "__get__", "__set__", "__instancecheck__", "__html__", "__json__",
}  # fmt: skip
SPECIAL = _MORE | {name for kind in CONTENT for name in dir(kind) if name.startswith("__")}
SPECIAL -= _MAKING - {"__getattribute__"}


class Touched(AssertionError):
    """Something looked into what is no plain data."""


class Trap:
    """`value` is of a subclass of `kind`; `touches` are the names of what was asked of it.

    `keyed` is an object that has it for a key, where it can be one.
    """

    def __init__(self, kind: type) -> None:
        self.touches: list[str] = []
        self._armed = False
        special = {name: self._asked(name) for name in SPECIAL}
        self.value = type(f"Trap{kind.__name__}", (kind,), special)(*CONTENT[kind])
        self.keyed = {self.value: 1}
        self._armed = True

    def _asked(self, name: str) -> Any:
        def touch(*_: object, **__: object) -> int:
            if not self._armed:
                return 0  # the hash that puts a key in its place
            self.touches.append(name)
            raise Touched(name)

        return touch

    def is_kept(self, made: object) -> bool:
        """Whether `made` is plain data or the trap as it was, and shows nothing it holds."""
        if made is self.value or made is None or type(made) is bool:
            return True
        if type(made) is dict:
            return all(map(self.is_kept, made)) and all(map(self.is_kept, made.values()))
        if type(made) is list:
            return all(map(self.is_kept, made))
        if type(made) is str:
            return MARK not in made and str(NUMBER) not in made
        return type(made) in (int, float) and int(made) != NUMBER
