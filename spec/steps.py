"""One step of a document: its keys read, and what it calls looked up. Values are checked after."""

from collections.abc import Iterator, Mapping

from spec.block_reader import check_block_keys, check_id, is_filled, read_loop, read_outputs
from spec.controls import read_controls
from spec.described import read_schema
from spec.limits import BLOCKS_DEEP_MAX, FLOWS_DEEP_MAX
from spec.model import Flow, Op, Use
from spec.names import BODY_KEYS, CONTROL_KEYS, RESERVED_STEP_IDS
from spec.outline import BlockOutline, Outline
from spec.problems import echo, nearest, quoted
from spec.report import Report
from spec.source import Pointer
from spec.values import JSON
from spec.vocabulary import Signature, Vocabulary
from spec.written import Written, read_data

PRIORITY_MAX = 10


_CONTROLS = frozenset(CONTROL_KEYS)


class StepReader:
    """Reads the keys of the steps of one document."""

    def __init__(
        self, report: Report, vocabulary: Vocabulary, *, in_module: bool, name: JSON = None
    ) -> None:
        self.report = report
        self.vocabulary = vocabulary
        self.in_module = in_module
        self.name = name

    def read_map(
        self, pointer: Pointer, around: tuple[Mapping[str, JSON], ...] = ()
    ) -> dict[str, Outline]:
        """Read the steps at `pointer`; `around` are the maps of steps that it is inside of."""
        if not is_filled(self.report, pointer):
            return {}
        steps = self.report.tree.at(pointer)
        within = pointer[1:-1:2]
        if len(within) > BLOCKS_DEEP_MAX:
            detail = f"more than {BLOCKS_DEEP_MAX} blocks inside each other (`blocks_deep_max`)"
            self.report.at_key("too-large", pointer, detail)
            return {}
        found: dict[str, Outline] = {}
        for id in steps:
            where = (*pointer, id)
            check_id(self.report, where, RESERVED_STEP_IDS)
            if id not in within and any(id in outer for outer in around):
                detail = f"there is a step {quoted(id)} around this block, which is visible here"
                self.report.at_key("bad-name", where, detail)
            found[id] = self._read(where, (*around, steps))
        return found

    def _read(self, pointer: Pointer, around: tuple[Mapping[str, JSON], ...]) -> Outline:
        id, written = str(pointer[-1]), self.report.tree.at(pointer)
        if not self.report.knows(pointer):
            return Outline(id, pointer)
        if not isinstance(written, dict):
            self.report.at_value(
                "wrong-type", pointer, f"{echo(written)}, where a step is wanted: an object"
            )
            return Outline(id, pointer)
        key = self._body_key(pointer, written)
        body, signature = self._body((*pointer, key)) if key else (None, None)
        is_block = key == "steps"
        return Outline(
            id=id,
            pointer=pointer,
            body=body,
            signature=signature,
            parameters={} if is_block else self._parameters(pointer, written, signature),
            after=self._after((*pointer, "after"), around[-1]) if "after" in written else (),
            engine=self._engine((*pointer, "engine")) if "engine" in written else None,
            priority=self._priority((*pointer, "priority")) if "priority" in written else 0,
            controls=read_controls(self.report, pointer, written, in_module=self.in_module),
            block=self._block(pointer, written, around) if is_block else None,
        )

    def _body_key(self, pointer: Pointer, written: Mapping[str, JSON]) -> str | None:
        bodies = [key for key in written if key in BODY_KEYS]
        for key in bodies[1:]:
            detail = f"a step has one body, and this one has {quoted(bodies[0])} already"
            self.report.at_key("conflicting-keys", (*pointer, key), detail)
        if not bodies:
            wanted = (
                "`use`, `op`, `flow` or `steps`" if self.in_module else "`use`, `flow` or `steps`"
            )
            detail = f"the step {quoted(str(pointer[-1]))} has no body: add {wanted}"
            unspaced = [key for key in written if key.partition(":")[0] in BODY_KEYS]
            if unspaced:
                detail += f", or put a space after the `:` of {quoted(unspaced[0])}"
            self.report.at_key("missing-key", pointer, detail)
        return bodies[0] if len(bodies) == 1 else None

    def _body(self, where: Pointer) -> tuple[Use | Op | Flow | None, Signature | None]:
        match where[-1]:
            case "use":
                return self._use(where)
            case "op":
                return self._op(where)
            case "flow":
                return self._flow(where)
            case _:
                return None, None

    def _block(
        self,
        pointer: Pointer,
        written: Mapping[str, JSON],
        around: tuple[Mapping[str, JSON], ...],
    ) -> BlockOutline:
        check_block_keys(self.report, pointer, written)
        for key in written:
            if key not in CONTROL_KEYS:
                detail = f"{quoted(key)} is no key of a block, which takes no inputs"
                hint = nearest(key, CONTROL_KEYS)
                self.report.at_key("unknown-key", (*pointer, key), detail, hint)
        steps = self.read_map((*pointer, "steps"), around)
        outputs = read_outputs(self.report, (*pointer, "outputs")) if "outputs" in written else {}
        loop = read_loop(self.report, (*pointer, "loop")) if "loop" in written else None
        return BlockOutline.of(pointer, steps, outputs, loop)

    def _flow(self, where: Pointer) -> tuple[Flow | None, Signature | None]:
        name = self.report.tree.at(where)
        if not isinstance(name, str):
            if self.report.knows(where):
                detail = f"{echo(name)}, where the name of a workflow is wanted"
                self.report.at_value("wrong-type", where, detail)
            return None, None
        if name == self.name:
            detail = f"the workflow {quoted(name)} would come to run itself"
            self.report.at_value("recursion", where, detail)
            return None, None
        plain = name.partition("@")[0]
        found = self.vocabulary.flows.get(name)
        if found is None:
            detail = f"there is no workflow {quoted(name)}"
            hint = nearest(plain, self.vocabulary.flows)
            self.report.at_value("unknown-flow", where, detail, hint)
            return None, None
        if found.signature.flows_deep >= FLOWS_DEEP_MAX:
            detail = f"more than {FLOWS_DEEP_MAX} workflows inside each other (`flows_deep_max`)"
            self.report.at_value("too-large", where, detail)
        return Flow(plain, found.version), found.signature

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
            if key in _CONTROLS:
                continue
            where = (*pointer, key)
            literal = key in inputs and inputs[key].type.word == "schema"
            handed_on = isinstance(written[key], str) and written[key].startswith("$")
            if literal and not handed_on:
                found[key] = read_schema(self.report, where)
            else:
                found[key] = read_data(self.report, where, written[key])
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
        if abs(value) > PRIORITY_MAX:
            detail = f"{value} is outside -{PRIORITY_MAX} to {PRIORITY_MAX}"
            self.report.at_value("bad-value", where, detail)
        return value
