#!/usr/bin/env python3
"""SSDLite-MobileNetV2 (TensorFlow.js coco-ssd) to ONNX, without TensorFlow: `ssdlite_mobilenet_v2.py FOLDER_WITH_model.json OUT.onnx`.

The file holds a TensorFlow graph by node name, so each of the two heads is followed backwards to the image, and everything on the way becomes ONNX.
All pictures are channel first (NCHW) inside; constants are turned round where they are made. Three parts are written anew instead of followed:

* the preprocessing (uint8 to -1..1, constants read from the file), because the file's own resizes the image in a loop over the batch;
* the decoding of the boxes over the anchors, which the file does in one graph with its non-maximum suppression;
* the scores: sigmoid, without the background in column 0.

Out: `boxes` f32 [1,1917,4] as y1,x1,y2,x2 in 0..1, `scores` f32 [1,1917,90].
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import numpy as np

from onnx_graph import FLOAT, UINT8, OnnxGraph, auto_pad

PRODUCER = "tfjs_cocossd_to_onnx"  # part of the pinned bytes
SIDE = 300
CLASSES_WITH_BACKGROUND = 91
ELEMENT_TYPES = {"float32": np.float32, "int32": np.int32}
# Where the file's own preprocessing ends and ours is put in.
NORMALISED_IMAGE = "Preprocessor/sub"


class TfjsModel:
    """`model.json` and its weight shards."""

    def __init__(self, folder: Path) -> None:
        parsed = json.loads((folder / "model.json").read_text())
        self.nodes = {node["name"]: node for node in parsed["modelTopology"]["node"]}
        self.weights: dict[str, np.ndarray] = {}
        for group in parsed["weightsManifest"]:
            stored = b"".join((folder / part).read_bytes() for part in group["paths"])
            self._read_group(group["weights"], stored)

    def _read_group(self, entries: list[dict], stored: bytes) -> None:
        """The weights of a group lie behind each other, 4 bytes a number, in the order of the manifest."""
        offset = 0
        for entry in entries:
            if entry.get("quantization"):
                sys.exit(f"weight {entry['name']} is quantised: another model in the folder?")
            count = int(np.prod(entry["shape"])) if entry["shape"] else 1
            values = np.frombuffer(stored, ELEMENT_TYPES[entry["dtype"]], count, offset)
            self.weights[entry["name"]] = values.reshape(entry["shape"])
            offset += 4 * count

    def inputs(self, node: str) -> list[str]:
        return self.nodes[node].get("input", [])

    def attribute(self, node: str, name: str) -> dict:
        return self.nodes[node]["attr"][name]

    def strides(self, node: str) -> list[int]:
        """Height and width of [1, height, width, 1]."""
        return [int(step) for step in self.attribute(node, "strides")["list"]["i"]][1:3]

    def pads_same(self, node: str) -> bool:
        """TensorFlow.js writes strings as base64 or as a list of byte values, depending on the converter's age."""
        text = self.attribute(node, "padding")["s"]
        return (bytes(text) if isinstance(text, list) else base64.b64decode(text)) == b"SAME"


def channel_first(values: np.ndarray) -> np.ndarray:
    """A vector of one number a channel, or a picture, so that it fits an NCHW picture."""
    if values.ndim == 1:
        return values.reshape(1, -1, 1, 1)
    return values.transpose(0, 3, 1, 2) if values.ndim == 4 else values


class Converter:
    def __init__(self, model: TfjsModel) -> None:
        self.model = model
        self.graph = OnnxGraph()
        self.made: dict[str, str] = {}

    def preprocessing(self) -> None:
        """uint8 RGB, height × width × channel -> -1..1, channel first."""
        factor = float(self.model.weights["Preprocessor/mul/x"])
        offset = float(self.model.weights["Preprocessor/sub/y"])
        picture = self.graph.add("Transpose", [self.graph.add("Cast", ["image"], to=FLOAT)], perm=[0, 3, 1, 2])
        scaled = self.graph.add("Mul", [picture, self.graph.constant(np.float32(factor))])
        self.made[NORMALISED_IMAGE] = self.graph.add_named("Sub", [scaled, self.graph.constant(np.float32(offset))], "norm")

    def picture(self, output: str) -> str:
        """The ONNX name of a node's output, made with everything that it needs when it is asked for the first time."""
        node = output.split(":")[0]
        if node not in self.made:
            self.made[node] = self._convert(node)
        return self.made[node]

    def _convert(self, node: str) -> str:
        operator = self.model.nodes[node]["op"]
        inputs = self.model.inputs(node)
        match operator:
            case "Const":
                return self.graph.constant(channel_first(self.model.weights[node]))
            case "Conv2D":
                # Height, width, input, output -> output, input, height, width.
                return self._convolve(node, self.model.weights[inputs[1]].transpose(3, 2, 0, 1), groups=1)
            case "DepthwiseConv2dNative":
                # Height, width, channel, multiplier -> channel × multiplier, 1, height, width, and as many groups as channels.
                weights = self.model.weights[inputs[1]]
                height, width, channels = weights.shape[:3]
                return self._convolve(node, weights.transpose(2, 3, 0, 1).reshape(-1, 1, height, width), groups=channels)
            case "Add" | "AddV2" | "BiasAdd":
                return self.graph.add("Add", [self.picture(inputs[0]), self.picture(inputs[1])])
            case "Mul" | "Sub":
                return self.graph.add(operator, [self.picture(inputs[0]), self.picture(inputs[1])])
            case "AddN":
                total = self.picture(inputs[0])
                for other in inputs[1:]:
                    total = self.graph.add("Add", [total, self.picture(other)])
                return total
            case "Relu6":
                return self.graph.add("Clip", [self.picture(inputs[0]), self.graph.constant(np.float32(0)), self.graph.constant(np.float32(6))])
            case "FusedBatchNorm" | "FusedBatchNormV3":
                return self._batch_norm(node)
        sys.exit(f"operator {operator} of node {node} is not one of SSDLite-MobileNetV2: another model in the folder?")

    def _convolve(self, node: str, weights: np.ndarray, groups: int) -> str:
        return self.graph.add(
            "Conv",
            [self.picture(self.model.inputs(node)[0]), self.graph.constant(weights, "w")],
            strides=self.model.strides(node),
            auto_pad=auto_pad(self.model.pads_same(node)),
            group=groups,
            kernel_shape=list(weights.shape[2:]),
        )

    def _batch_norm(self, node: str) -> str:
        """With fixed statistics it is one factor and one offset a channel; the runtime folds both into the convolution before."""
        inputs = self.model.inputs(node)
        scale, offset, mean, variance = (self.model.weights[name] for name in inputs[1:5])
        factor = scale / np.sqrt(variance + float(self.model.attribute(node, "epsilon")["f"]))
        multiplied = self.graph.add("Mul", [self.picture(inputs[0]), self.graph.constant(channel_first(factor.astype(np.float32)))])
        return self.graph.add("Add", [multiplied, self.graph.constant(channel_first((offset - mean * factor).astype(np.float32)))])

    def head(self, concatenation: str, columns: int) -> str:
        """The rows of all pyramid levels behind each other. Rows run over height, width, anchor: so back to NHWC before the reshape."""
        levels = []
        for reshape in self.model.inputs(concatenation)[:-1]:  # the last input is the axis
            picture = self.picture(self.model.inputs(reshape)[0])
            turned = self.graph.add("Transpose", [picture], perm=[0, 2, 3, 1])
            levels.append(self.graph.add("Reshape", [turned, self.graph.integers([1, -1, columns])]))
        return self.graph.add("Concat", levels, axis=1)

    def decoded(self, codes: str) -> tuple[str, int]:
        """Boxes from codes over the anchors: centre += code × anchor size × r1, size = exp(code × r2) × anchor size (Liu et al. 2016, "SSD")."""
        anchors = self.model.weights["Postprocessor/ExpandDims"].reshape(-1, 4)
        height, width = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]
        centre_y, centre_x = anchors[:, 0] + height / 2, anchors[:, 1] + width / 2
        size = np.stack([height, width], 1)[None]
        centre = np.stack([centre_y, centre_x], 1)[None]
        centre_variance = np.float32(float(self.model.weights["ConstantFolding/Postprocessor/Decode/div_recip"]))
        size_variance = np.float32(float(self.model.weights["ConstantFolding/Postprocessor/Decode/div_2_recip"]))

        moved = self.graph.add("Mul", [self.graph.columns(codes, 0, 2), self.graph.constant(size * centre_variance)])
        centres = self.graph.add("Add", [moved, self.graph.constant(centre)])
        exponent = self.graph.add("Mul", [self.graph.columns(codes, 2, 4), self.graph.constant(size_variance)])
        grown = self.graph.add("Exp", [exponent])
        half = self.graph.add("Mul", [grown, self.graph.constant((size / 2).astype(np.float32))])
        corners = [self.graph.add("Sub", [centres, half]), self.graph.add("Add", [centres, half])]
        return self.graph.add("Concat", corners, axis=2), len(anchors)

    def convert(self, path: Path) -> None:
        self.preprocessing()
        codes = self.head("concat", 4)
        logits = self.head("concat_1", CLASSES_WITH_BACKGROUND)
        scores = self.graph.add("Sigmoid", [self.graph.columns(logits, 1, CLASSES_WITH_BACKGROUND)])
        boxes, anchors = self.decoded(codes)
        self.graph.add_named("Identity", [boxes], "boxes")
        self.graph.add_named("Identity", [scores], "scores")
        self.graph.save(
            path,
            "cocossd",
            PRODUCER,
            [("image", UINT8, [1, SIDE, SIDE, 3])],
            [("boxes", FLOAT, [1, anchors, 4]), ("scores", FLOAT, [1, anchors, CLASSES_WITH_BACKGROUND - 1])],
        )


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: ssdlite_mobilenet_v2.py FOLDER_WITH_model.json OUT.onnx")
    # The backbone is one long chain, followed from its end.
    sys.setrecursionlimit(10_000)
    Converter(TfjsModel(Path(sys.argv[1]))).convert(Path(sys.argv[2]))


if __name__ == "__main__":
    main()
