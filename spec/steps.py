"""One step of a document: its keys read, and what it calls looked up. Values are checked after."""

from collections.abc import Iterator, Mapping

from spec.controls import read_controls
from spec.model import Op, Use
from spec.names import BODY_KEYS, CONTROL_KEYS, UNREAD_KEYS
from spec.outline import Outline
from spec.problems import echo, nearest, quoted
from spec.report import Report
from spec.source import Pointer
from spec.values import JSON
from spec.vocabulary import Signature, Vocabulary
from spec.written import Written, read_literal, read_value

_PRIORITY_MAX = 10


class StepReader:
    """Reads the keys of the steps of one document."""

    def __init__(self, report: Report, vocabulary: Vocabulary, *, in_module: bool) -> None:
        self.report = report
        self.vocabulary = vocabulary
        self.in_module = in_module

    def read(self, pointer: Pointer, siblings: Mapping[str, JSON]) -> Outline:
        """Read the step at `pointer`; `siblings` are all the steps of the same map."""
        id, written = str(pointer[-1]), self.report.tree.at(pointer)
        if not self.report.knows(pointer):
            return Outline(id, pointer, lenient=True)
        if not isinstance(written, dict):
            self.report.at_value(
                "wrong-type", pointer, f"{echo(written)}, where a step is wanted: an object"
            )
            return Outline(id, pointer, lenient=True)
        lenient = self._refuse_unavailable(pointer, written)
        body, signature = self._body(pointer, written, lenient=lenient)
        return Outline(
            id=id,
            pointer=pointer,
            body=body,
            signature=None if lenient else signature,
            parameters=self._parameters(pointer, written, signature),
            after=self._after((*pointer, "after"), siblings) if "after" in written else (),
            engine=self._engine((*pointer, "engine")) if "engine" in written else None,
            priority=self._priority((*pointer, "priority")) if "priority" in written else 0,
            controls=read_controls(self.report, pointer, written),
            lenient=lenient,
        )

    def _refuse_unavailable(self, pointer: Pointer, written: Mapping[str, JSON]) -> bool:
        found = [key for key in written if key in UNREAD_KEYS]
        for key in found:
            detail = f"{quoted(key)} is not available yet"
            self.report.at_key("unknown-key", (*pointer, key), detail)
        return bool(found)

    def _body(
        self, pointer: Pointer, written: Mapping[str, JSON], *, lenient: bool
    ) -> tuple[Use | Op | None, Signature | None]:
        bodies = [key for key in written if key in BODY_KEYS]
        for key in (key for key in bodies[1:] if key not in UNREAD_KEYS):
            detail = f"a step has one body, and this one has {quoted(bodies[0])} already"
            self.report.at_key("conflicting-keys", (*pointer, key), detail)
        if not bodies:
            if not lenient:
                wanted = "`use` or `op`" if self.in_module else "`use`"
                detail = f"the step {quoted(str(pointer[-1]))} has no body: add {wanted}"
                self.report.at_key("missing-key", pointer, detail)
            return None, None
        where = (*pointer, bodies[0])
        if len(bodies) > 1:
            return None, None
        if bodies[0] == "op":
            return self._op(where)
        return self._use(where) if bodies[0] == "use" else (None, None)

    def _op(self, where: Pointer) -> tuple[Op | None, Signature | None]:
        if not self.in_module:
            detail = "`op` stands in modules only; a workflow has `use`"
            self.report.at_key("unknown-key", where, detail)
            return None, None
        name = self._callee(where, self.vocabulary.ops, "primitive")
        return (None, None) if name is None else (Op(name), self.vocabulary.ops[name])

    def _use(self, where: Pointer) -> tuple[Use | None, Signature | None]:
        name = self.report.tree.at(where)
        if isinstance(name, str) and name in self.vocabulary.callers:
            detail = f"the module {quoted(name)} would come to use itself"
            self.report.at_value("recursion", where, detail)
            return None, None
        name = self._callee(where, self.vocabulary.modules, "module")
        return (None, None) if name is None else (Use(name), self.vocabulary.modules[name])

    def _callee(self, where: Pointer, known: Mapping[str, Signature], kind: str) -> str | None:
        name = self.report.tree.at(where)
        if not isinstance(name, str):
            if self.report.knows(where):
                detail = f"{echo(name)}, where the name of a {kind} is wanted"
                self.report.at_value("wrong-type", where, detail)
            return None
        if name not in known:
            detail = f"there is no {kind} {quoted(name)}"
            self.report.at_value("unknown-module", where, detail, nearest(name, known))
            return None
        return name

    def _parameters(
        self, pointer: Pointer, written: Mapping[str, JSON], signature: Signature | None
    ) -> dict[str, Written]:
        inputs = signature.inputs if signature else {}
        found: dict[str, Written] = {}
        for key in written:
            if key in CONTROL_KEYS:
                continue
            where = (*pointer, key)
            literal = key in inputs and inputs[key].type.word == "schema"
            handed_on = isinstance(written[key], str) and written[key].startswith("$")
            read = read_literal if literal and not handed_on else read_value
            found[key] = read(self.report, where)
        return found

    def _after(self, where: Pointer, siblings: Mapping[str, JSON]) -> tuple[str, ...]:
        ids = self.report.tree.at(where)
        if not isinstance(ids, list):
            if self.report.knows(where):
                detail = f"{echo(ids)}, where a list of steps is wanted"
                self.report.at_value("wrong-type", where, detail)
            return ()
        return tuple(self._known_steps(where, ids, siblings))

    def _known_steps(
        self, where: Pointer, ids: list[JSON], siblings: Mapping[str, JSON]
    ) -> Iterator[str]:
        for index, id in enumerate(ids):
            if not isinstance(id, str):
                detail = f"{echo(id)}, where the id of a step is wanted"
                self.report.at_value("wrong-type", (*where, index), detail)
            elif id not in siblings:
                detail = f"there is no step {quoted(id)} here"
                hint = nearest(id, siblings)
                self.report.at_value("unknown-reference", (*where, index), detail, hint)
            else:
                yield id

    def _engine(self, where: Pointer) -> str | None:
        name = self.report.tree.at(where)
        if not isinstance(name, str):
            if self.report.knows(where):
                detail = f"{echo(name)}, where the name of a pool is wanted"
                self.report.at_value("wrong-type", where, detail)
            return None
        if name not in self.vocabulary.engines:
            known = self.vocabulary.engines
            detail = f"there is no pool of engines {quoted(name)}"
            self.report.at_value("unknown-engine", where, detail, nearest(name, known))
        return name

    def _priority(self, where: Pointer) -> int:
        value = self.report.tree.at(where)
        if isinstance(value, bool) or not isinstance(value, int):
            if self.report.knows(where):
                detail = f"{echo(value)}, where an integer is wanted"
                self.report.at_value("wrong-type", where, detail)
            return 0
        if abs(value) > _PRIORITY_MAX:
            detail = f"{value} is outside -{_PRIORITY_MAX} to {_PRIORITY_MAX}"
            self.report.at_value("bad-value", where, detail)
        return value
