#!/usr/bin/env python3
"""EfficientDet-Lite0 (TensorFlow Lite, fp32, COCO) to ONNX, without TensorFlow: `efficientdet_lite0.py IN.tflite OUT.onnx`.

The operators are walked in the file's own order and each becomes one or two ONNX nodes. Two things are decided here:

* **Layout.** TFLite convolves height × width × channel (NHWC), ONNX channel first (NCHW). A tensor keeps the layout of the operator that made it and is
  transposed only where the next one wants the other, so inside the backbone no transposition is left.
* **The cut.** The file ends in its own choice of 100 boxes (NON_MAX_SUPPRESSION_V5), which ONNX Runtime does badly and which we want to make ourselves, with
  our classes and thresholds. So the graph stops at all 19206 decoded boxes and, for each, the best class and its score. Everything that hangs on an
  operator that we leave out is left out with it.

Out: `boxes` f32 [1,19206,4] as y1,x1,y2,x2 in 320-pixel units, `score` f32 [1,19206], `class` i64 [1,19206] from 0 in COCO's 90 numbers.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tflite

from onnx_graph import FLOAT, INT64, UINT8, OnnxGraph, auto_pad

PRODUCER = "tflite_effdet_to_onnx"  # part of the pinned bytes
NUMPY_TYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT64: np.int64,
    tflite.TensorType.UINT8: np.uint8,
    tflite.TensorType.BOOL: np.bool_,
}
OPERATOR_NAMES = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}
NHWC, NCHW = "NHWC", "NCHW"
TO = {NCHW: [0, 3, 1, 2], NHWC: [0, 2, 3, 1]}


@dataclass(frozen=True)
class Operator:
    """One operator of the file: its kind, the numbers of its tensors, its settings still as flatbuffer."""

    kind: str
    inputs: list[int]
    outputs: list[int]
    settings: object

    def options(self, table):
        """The settings read as the given flatbuffer table, for example `tflite.Conv2DOptions`."""
        options = table()
        options.Init(self.settings.Bytes, self.settings.Pos)
        return options


class TfliteFile:
    """The parts of a .tflite file that we read."""

    def __init__(self, path: Path) -> None:
        self._model = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
        self._graph = self._model.Subgraphs(0)
        self.image = self._graph.Inputs(0)

    def shape(self, tensor: int) -> list[int]:
        found = self._graph.Tensors(tensor)
        return [found.Shape(axis) for axis in range(found.ShapeLength())]

    def constant(self, tensor: int) -> np.ndarray | None:
        """The values of a tensor that is stored in the file, None for one that is computed."""
        found = self._graph.Tensors(tensor)
        stored = self._model.Buffers(found.Buffer()).DataAsNumpy()
        if isinstance(stored, int) or stored is None or len(stored) == 0:
            return None
        return np.frombuffer(stored.tobytes(), NUMPY_TYPES[found.Type()]).reshape(self.shape(tensor))

    def operators(self):
        for index in range(self._graph.OperatorsLength()):
            found = self._graph.Operators(index)
            code = self._model.OperatorCodes(found.OpcodeIndex())
            # Old files have the number in one field, new ones in the other; the unused one is 0.
            kind = OPERATOR_NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            inputs = [found.Inputs(i) for i in range(found.InputsLength())]
            outputs = [found.Outputs(i) for i in range(found.OutputsLength())]
            yield Operator(kind, inputs, outputs, found.BuiltinOptions())


class Converter:
    """Walks the operators and remembers under which ONNX name and in which layout each tensor is to be had."""

    def __init__(self, file: TfliteFile) -> None:
        self.file = file
        self.graph = OnnxGraph()
        self.made: dict[int, tuple[str, str]] = {file.image: ("image", NHWC)}
        self.logits: str | None = None
        self.boxes: str | None = None
        self.anchors = 0

    def convert(self) -> None:
        handlers = {
            "CONV_2D": self.convolution,
            "DEPTHWISE_CONV_2D": self.depthwise_convolution,
            "MAX_POOL_2D": self.max_pool,
            "RESIZE_NEAREST_NEIGHBOR": self.double_size,
            "RESIZE_BILINEAR": self.resize_to_own_size,
            "ADD": self.arithmetic,
            "SUB": self.arithmetic,
            "MUL": self.arithmetic,
            "CAST": self.cast,
            "RESHAPE": self.reshape,
            "CONCATENATION": self.concatenation,
            "STRIDED_SLICE": self.whole_slice,
            "EXP": self.exponential,
            "UNPACK": self.unpack,
            "PACK": self.pack_boxes,
            # The cut: best class and its score are made in `finish`, over the same logits.
            "ARG_MAX": None,
            "REDUCE_MAX": None,
        }
        for operator in self.file.operators():
            if not all(self.is_known(tensor) for tensor in operator.inputs):
                continue  # behind the cut
            if operator.kind not in handlers:
                sys.exit(f"operator {operator.kind} is not one of EfficientDet-Lite0: another model in the file?")
            if (handle := handlers[operator.kind]) is not None:
                handle(operator)

    def is_known(self, tensor: int) -> bool:
        """Negative numbers stand for an optional input that is not given."""
        return tensor < 0 or tensor in self.made or self.file.constant(tensor) is not None

    def value(self, tensor: int, layout: str) -> str:
        """The ONNX name of a tensor in the layout that its reader wants. Only pictures (4 axes) have a layout."""
        if tensor not in self.made:
            values = self.file.constant(tensor)
            return self.graph.constant(values.transpose(TO[NCHW]) if layout == NCHW and values.ndim == 4 else values)
        name, has = self.made[tensor]
        if len(self.file.shape(tensor)) != 4 or has == layout:
            return name
        return self.graph.add("Transpose", [name], perm=TO[layout])

    def activated(self, name: str, activation: int) -> str:
        """TFLite fuses the activation into the operator before it; ONNX has it as a node."""
        kinds = tflite.ActivationFunctionType
        if activation == kinds.RELU6:
            return self.graph.add("Clip", [name, self.graph.constant(np.float32(0)), self.graph.constant(np.float32(6))])
        if activation == kinds.RELU:
            return self.graph.add("Relu", [name])
        if activation != kinds.NONE:
            sys.exit(f"fused activation {activation} is not one of EfficientDet-Lite0")
        return name

    def convolution(self, operator: Operator) -> None:
        options = operator.options(tflite.Conv2DOptions)
        # Output channel, height, width, input channel -> output channel, input channel, height, width.
        self._convolve(operator, options, self.file.constant(operator.inputs[1]).transpose(0, 3, 1, 2), groups=1)

    def depthwise_convolution(self, operator: Operator) -> None:
        options = operator.options(tflite.DepthwiseConv2DOptions)
        # One filter a channel: 1, height, width, channel -> channel, 1, height, width, and as many groups as channels.
        weights = self.file.constant(operator.inputs[1]).transpose(3, 0, 1, 2)
        self._convolve(operator, options, weights, groups=weights.shape[0])

    def _convolve(self, operator: Operator, options, weights: np.ndarray, groups: int) -> None:
        inputs = [self.value(operator.inputs[0], NCHW), self.graph.constant(weights, "w")]
        if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
            inputs.append(self.graph.constant(self.file.constant(operator.inputs[2]), "b"))
        made = self.graph.add(
            "Conv",
            inputs,
            strides=[options.StrideH(), options.StrideW()],
            auto_pad=auto_pad(options.Padding() == tflite.Padding.SAME),
            group=groups,
            kernel_shape=list(weights.shape[2:]),
        )
        self.made[operator.outputs[0]] = (self.activated(made, options.FusedActivationFunction()), NCHW)

    def max_pool(self, operator: Operator) -> None:
        options = operator.options(tflite.Pool2DOptions)
        made = self.graph.add(
            "MaxPool",
            [self.value(operator.inputs[0], NCHW)],
            kernel_shape=[options.FilterHeight(), options.FilterWidth()],
            strides=[options.StrideH(), options.StrideW()],
            auto_pad=auto_pad(options.Padding() == tflite.Padding.SAME),
        )
        self.made[operator.outputs[0]] = (made, NCHW)

    def double_size(self, operator: Operator) -> None:
        """Nearest neighbour as TFLite does it without `align_corners`: source = floor(target × scale)."""
        height, width = (int(size) for size in self.file.constant(operator.inputs[1]))
        picture = self.value(operator.inputs[0], NCHW)
        channels = self.file.shape(operator.inputs[0])[3]
        made = self.graph.add(
            "Resize",
            [picture, "", "", self.graph.integers([1, channels, height, width])],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        self.made[operator.outputs[0]] = (made, NCHW)

    def resize_to_own_size(self, operator: Operator) -> None:
        """The file resizes its 320 × 320 input to 320 × 320: nothing to do, as long as that is so."""
        if list(self.file.constant(operator.inputs[1])) != self.file.shape(operator.inputs[0])[1:3]:
            sys.exit("the bilinear resize changes the size: another model in the file?")
        self.made[operator.outputs[0]] = self.made[operator.inputs[0]]

    def arithmetic(self, operator: Operator) -> None:
        table = {"ADD": tflite.AddOptions, "SUB": tflite.SubOptions, "MUL": tflite.MulOptions}[operator.kind]
        options = operator.options(table)
        is_picture = len(self.file.shape(operator.outputs[0])) == 4
        from_convolution = any(self.made.get(tensor, (0, ""))[1] == NCHW for tensor in operator.inputs)
        layout = NCHW if is_picture and from_convolution else NHWC
        made = self.graph.add(operator.kind.title(), [self.value(tensor, layout) for tensor in operator.inputs])
        self.made[operator.outputs[0]] = (self.activated(made, options.FusedActivationFunction()), layout)

    def cast(self, operator: Operator) -> None:
        self.made[operator.outputs[0]] = (self.graph.add("Cast", [self.made[operator.inputs[0]][0]], to=FLOAT), NHWC)

    def reshape(self, operator: Operator) -> None:
        """Rows of boxes are laid out over height, width, anchor: the order of NHWC, so that is what is reshaped."""
        self.made[operator.outputs[0]] = (self._reshaped(operator), NHWC)

    def _reshaped(self, operator: Operator) -> str:
        return self.graph.add("Reshape", [self.value(operator.inputs[0], NHWC), self.graph.integers(self.file.shape(operator.outputs[0]))])

    def concatenation(self, operator: Operator) -> None:
        """All pyramid levels behind each other: once for the classes' logits, once for the boxes."""
        options = operator.options(tflite.ConcatenationOptions)
        made = self.graph.add("Concat", [self.value(tensor, NHWC) for tensor in operator.inputs], axis=options.Axis())
        self.made[operator.outputs[0]] = (made, NHWC)
        shape = self.file.shape(operator.outputs[0])
        if self.logits is None and shape[-1] > 4:
            self.logits, self.anchors = made, shape[1]

    def whole_slice(self, operator: Operator) -> None:
        """Before the network the file takes slices that hold the whole tensor and only drop the axis of the batch: a reshape."""
        if np.prod(self.file.shape(operator.inputs[0])) != np.prod(self.file.shape(operator.outputs[0])):
            sys.exit("a slice takes only a part: another model in the file?")
        self.made[operator.outputs[0]] = (self._reshaped(operator), NHWC)

    def exponential(self, operator: Operator) -> None:
        self.made[operator.outputs[0]] = (self.graph.add("Exp", [self.value(operator.inputs[0], NHWC)]), NHWC)

    def unpack(self, operator: Operator) -> None:
        """One box code apart into its four numbers. Gather, not Split: it drops the axis, as UNPACK does."""
        axis = operator.options(tflite.UnpackOptions).Axis() % len(self.file.shape(operator.inputs[0]))
        packed = self.value(operator.inputs[0], NHWC)
        for index, tensor in enumerate(operator.outputs):
            self.made[tensor] = (self.graph.add("Gather", [packed, self.graph.constant(np.int64(index))], axis=axis), NHWC)

    def pack_boxes(self, operator: Operator) -> None:
        """The four decoded corners together: the boxes that we want, and the end of this branch."""
        corners = [self.graph.add("Unsqueeze", [self.value(tensor, NHWC), self.graph.integers([-1])]) for tensor in operator.inputs]
        self.boxes = self.graph.add("Concat", corners, axis=-1)

    def finish(self, path: Path) -> None:
        if self.logits is None or self.boxes is None:
            sys.exit("found no boxes or no class logits: another model in the file?")
        # The sigmoid grows with its argument, so it is enough to take it of the best class.
        best = self.graph.add("ReduceMax", [self.logits], axes=[-1], keepdims=0)
        score = self.graph.add("Sigmoid", [best])
        best_class = self.graph.add("ArgMax", [self.logits], axis=-1, keepdims=0)
        for made, name in ((self.boxes, "boxes"), (score, "score"), (best_class, "class")):
            self.graph.add_named("Identity", [made], name)
        self.graph.save(
            path,
            "efficientdet_lite0",
            PRODUCER,
            [("image", UINT8, self.file.shape(self.file.image))],
            [("boxes", FLOAT, [1, self.anchors, 4]), ("score", FLOAT, [1, self.anchors]), ("class", INT64, [1, self.anchors])],
        )


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: efficientdet_lite0.py IN.tflite OUT.onnx")
    converter = Converter(TfliteFile(Path(sys.argv[1])))
    converter.convert()
    converter.finish(Path(sys.argv[2]))


if __name__ == "__main__":
    main()
