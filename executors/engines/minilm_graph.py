"""The MiniLM encoder as an ONNX graph, made from its packaged safetensors.

The one file that knows `onnx` and `safetensors`. It knows tensors' names and shapes, not texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIMENSION = 384
LAYERS = 6
HEADS = 12
NORM_EPSILON = 1e-12
IDS, MASK, VECTORS = "input_ids", "attention_mask", "vectors"
# Opset 17 has LayerNormalization; the fused kernels are the runtime's own operators.
OPSET, IR_VERSION, FUSED = 17, 8, "com.microsoft"


class WeightsUnusable(Exception):
    """The weights are damaged, or not those of this model."""

    def __init__(self, file: Path, cause: Exception) -> None:
        super().__init__(f"{file.name} cannot be used ({cause}). Install its package again.")
        self.file = file


@dataclass(frozen=True, slots=True)
class EncoderGraph:
    """A serialised graph that asks for its `weights` by name, so that they are never copied in."""

    model: bytes
    weights: dict[str, NDArray[Any]]


def encoder_graph(weights_file: Path) -> EncoderGraph:
    """Return the graph from token ids and mask to mean-pooled vectors of length one."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    draft = _Draft()
    try:
        _pool(draft, _encode(draft, load_file(weights_file)))
    except (SafetensorError, OSError, KeyError) as error:
        raise WeightsUnusable(weights_file, error) from error
    return EncoderGraph(draft.serialise(), draft.weights)


@dataclass(slots=True)
class _Draft:
    """Nodes and weights collected in order, written out once."""

    nodes: list[Any] = field(default_factory=list)
    weights: dict[str, NDArray[Any]] = field(default_factory=dict)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)

    def weight(self, name: str, value: NDArray[Any]) -> str:
        self.weights[name] = np.ascontiguousarray(value)
        return name

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants[name] = value
        return name

    def node(
        self, op: str, inputs: list[str], name: str, domain: str = "", **attributes: Any
    ) -> str:
        from onnx import helper

        made = helper.make_node(op, inputs, [name], name=name, domain=domain, **attributes)
        self.nodes.append(made)
        return name

    def serialise(self) -> bytes:
        from onnx import TensorProto, helper, numpy_helper

        graph = helper.make_graph(
            self.nodes,
            "minilm",
            [
                helper.make_tensor_value_info(IDS, TensorProto.INT64, ["rows", "tokens"]),
                helper.make_tensor_value_info(MASK, TensorProto.INT32, ["rows", "tokens"]),
            ],
            [helper.make_tensor_value_info(VECTORS, TensorProto.FLOAT, ["rows", DIMENSION])],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
            + list(self._placeholders()),
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        written: bytes = model.SerializeToString()
        return written

    def _placeholders(self) -> Iterator[Any]:
        from onnx import TensorProto, helper

        for name, value in self.weights.items():
            kind = helper.np_dtype_to_tensor_dtype(value.dtype)
            empty = TensorProto(name=name, data_type=kind, dims=value.shape)
            empty.data_location = TensorProto.EXTERNAL
            # The location is never opened: the session is handed the tensor under this name.
            empty.external_data.add(key="location", value="given-by-name")
            yield empty


def _encode(draft: _Draft, tensors: dict[str, NDArray[Any]]) -> str:
    words = draft.weight("words", tensors["embeddings.word_embeddings.weight"])
    # Every text is of the first segment, so its row is a part of each position.
    positions = tensors["embeddings.position_embeddings.weight"]
    segment = tensors["embeddings.token_type_embeddings.weight"][0]
    table = draft.weight("positions", positions + segment)
    first, second = draft.constant("zero", _ints(0)), draft.constant("one", _ints(1))
    length = draft.node("Slice", [draft.node("Shape", [IDS], "shape"), second, "two"], "length")
    draft.constant("two", _ints(2))
    seen = draft.node("Slice", [table, first, length], "positions_seen")
    found = draft.node("Gather", [words, IDS], "words_found")
    state = draft.node("Add", [found, seen], "embedded")
    state = _norm(draft, state, "embeddings.LayerNorm", tensors)
    for layer in range(LAYERS):
        state = _layer(draft, state, f"encoder.layer.{layer}", tensors)
    return state


def _layer(draft: _Draft, state: str, at: str, tensors: dict[str, NDArray[Any]]) -> str:
    parts = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
    joined = np.concatenate([tensors[f"{part}.weight"].T for part in parts], axis=1)
    biases = np.concatenate([tensors[f"{part}.bias"] for part in parts])
    attended = draft.node(
        "Attention",
        [state, draft.weight(f"{at}.qkv", joined), draft.weight(f"{at}.qkv_bias", biases), MASK],
        f"{at}.attended",
        domain=FUSED,
        num_heads=HEADS,
    )
    mixed = _dense(draft, attended, f"{at}.attention.output.dense", tensors)
    state = draft.node("Add", [state, mixed], f"{at}.attention.sum")
    state = _norm(draft, state, f"{at}.attention.output.LayerNorm", tensors)
    wide = _dense(draft, state, f"{at}.intermediate.dense", tensors)
    wide = draft.node("Gelu", [wide], f"{at}.gelu", domain=FUSED)
    narrow = _dense(draft, wide, f"{at}.output.dense", tensors)
    state = draft.node("Add", [state, narrow], f"{at}.output.sum")
    return _norm(draft, state, f"{at}.output.LayerNorm", tensors)


def _dense(draft: _Draft, state: str, at: str, tensors: dict[str, NDArray[Any]]) -> str:
    weight = draft.weight(f"{at}.weight", tensors[f"{at}.weight"].T)
    bias = draft.weight(f"{at}.bias", tensors[f"{at}.bias"])
    return draft.node("Add", [draft.node("MatMul", [state, weight], f"{at}.product"), bias], at)


def _norm(draft: _Draft, state: str, at: str, tensors: dict[str, NDArray[Any]]) -> str:
    scale = draft.weight(f"{at}.weight", tensors[f"{at}.weight"])
    bias = draft.weight(f"{at}.bias", tensors[f"{at}.bias"])
    return draft.node("LayerNormalization", [state, scale, bias], at, epsilon=NORM_EPSILON)


def _pool(draft: _Draft, state: str) -> None:
    """Mean over the tokens that are not padding, then length one.

    Dividing by the count is left out: it changes the length of the sum only.
    """
    mask = draft.node("Cast", [MASK], "mask_float", to=1)
    column = draft.node("Unsqueeze", [mask, draft.constant("last", _ints(2))], "mask_column")
    kept = draft.node("Mul", [state, column], "kept")
    total = draft.node("ReduceSum", [kept, "one"], "total", keepdims=0)
    draft.node("LpNormalization", [total], VECTORS, axis=1, p=2)


def _ints(value: int) -> NDArray[np.int64]:
    return np.array([value], dtype=np.int64)
