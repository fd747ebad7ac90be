"""Building an ONNX graph node by node, and saving it so that the same input gives the same bytes.

Names are the operator's (or the constant's kind) and one running number, so they depend only on the order of calls: that order is part of the
pinned sha256 of the result. A change here or in a converter that moves a call changes the hash, which `models/install` then refuses.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# What the runtime that we pin and every newer one reads. ReduceMax still takes its axes as an attribute in opset 13.
OPSET = 13
IR_VERSION = 8

FLOAT = TensorProto.FLOAT
INT64 = TensorProto.INT64
UINT8 = TensorProto.UINT8


class OnnxGraph:
    """Nodes and constants in the order they were added, which is an order in which they can be computed."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._names = 0

    def _name(self, kind: str) -> str:
        self._names += 1
        return f"{kind}_{self._names}"

    def constant(self, values, kind: str = "c") -> str:
        """A constant tensor; returns its name."""
        name = self._name(kind)
        self._constants.append(numpy_helper.from_array(np.array(values, order="C"), name))
        return name

    def integers(self, values) -> str:
        """A constant of 64-bit integers, as ONNX wants shapes, axes and bounds."""
        return self.constant(np.array(values, np.int64))

    def add(self, operator: str, inputs: list[str], **attributes) -> str:
        """A node with one output; returns the output's name."""
        name = self._name(operator.lower())
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def add_named(self, operator: str, inputs: list[str], output: str) -> str:
        """A node whose output has a name of our choice."""
        self._nodes.append(helper.make_node(operator, inputs, [output]))
        return output

    def columns(self, tensor: str, start: int, end: int) -> str:
        """`tensor[:, :, start:end]`."""
        return self.add("Slice", [tensor, self.integers([start]), self.integers([end]), self.integers([2])])

    def save(self, path: Path, title: str, producer: str, inputs: list, outputs: list) -> None:
        """Check the graph and write it. `inputs` and `outputs` are (name, element type, shape)."""
        graph = helper.make_graph(
            self._nodes,
            title,
            [helper.make_tensor_value_info(*value) for value in inputs],
            [helper.make_tensor_value_info(*value) for value in outputs],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name=producer)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(path))


def auto_pad(same: bool) -> str:
    """TensorFlow's SAME puts the odd row or column of padding at the end: ONNX calls that SAME_UPPER. Its VALID is ONNX's."""
    return "SAME_UPPER" if same else "VALID"
