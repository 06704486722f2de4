"""Writes the recurrence of a Mamba-2 speech-activity model as an ONNX step graph with explicit state tensors.

python train/export_onnx.py [--model models/vad-ssm] [--to models/vad-ssm-onnx]
Needs onnx, numpy and safetensors; no torch. The graph is then run over the golden vectors by onnx's own
reference evaluator: the export fails when a logit is off by more than 1e-4.

Graph: row [batch, 40], past_state.conv.i [batch, E+2N, K-1], past_state.ssm.i [batch, H, P, N]
    -> probability [batch, 1], logit [batch, 1], present_state.conv.i, present_state.ssm.i
Equations and names as in cells.py (Mamba2.step); the weights are those of model.safetensors, in float32.
"""
import argparse
import json
from pathlib import Path
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import load_file

OPSET, IR = 17, 8  # read by every onnxruntime since 1.12

CARD = """# vad-ssm-onnx: vad-ssm as an ONNX step graph

The recurrence of [vad-ssm](../vad-ssm), one 10 ms row per run, with explicit state tensors: the same weights, the same
front end, the same figures (its card says how it was trained, where it fails, and the licence). It shows how a model of
one's own is brought in, and it runs in any other program that has an ONNX runtime.

| tensor | shape | |
|---|---|---|
| `row` | [batch, {mels}] | log-mel features as `millrace.frontend` in config.json describes them |
| `past_state.conv.i` -> `present_state.conv.i` | [batch, {channels}, {taps}] | last inputs of the convolution of layer i; zeros at the start |
| `past_state.ssm.i` -> `present_state.ssm.i` | [batch, {heads}, {head_dim}, {state}] | state of the recurrence of layer i; zeros at the start |
| `probability`, `logit` | [batch, 1] | of speech in this row |

Opset {opset}. Largest difference to the golden logits of vad-ssm, by onnx's reference evaluator: {worst:.0e}.
Made by `python train/export_onnx.py` from vad-ssm; run it again whenever those weights change.
"""


class Graph:
    """Collects nodes and initializers. Every method adds one operator and returns its output name."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def op(self, kind, *inputs, out=None, **attributes):
        out = out or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def const(self, name, value):
        if all(tensor.name != name for tensor in self.initializers):
            self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def axes(self, *values):
        return self.const("i_" + "_".join(str(v) for v in values), np.array(values, np.int64))

    def split(self, x, sizes):
        outs = [f"split_{len(self.nodes)}_{i}" for i in range(len(sizes))]
        self.nodes.append(helper.make_node("Split", [x, self.axes(*sizes)], outs, axis=-1))
        return outs

    def silu(self, x):
        return self.op("Mul", x, self.op("Sigmoid", x))

    def linear(self, x, name, weight, bias=None):
        """x [batch, in], weight [out, in] as in the checkpoint -> [batch, out]."""
        y = self.op("MatMul", x, self.const(name + ".weight", weight.T))
        return y if bias is None else self.op("Add", y, self.const(name + ".bias", bias))

    def norm(self, x, name, weight, eps):
        """x * rsqrt(mean x^2 + eps) * weight."""
        mean = self.op("ReduceMean", self.op("Mul", x, x), axes=[-1], keepdims=1)
        root = self.op("Sqrt", self.op("Add", mean, self.const("eps", np.float32(eps).reshape(1))))
        return self.op("Mul", self.op("Div", x, root), self.const(name, weight))


def mixer(g, u, i, w, config):
    """One Mamba-2 mixer: u [batch, D] -> [batch, D]; takes and gives the two state tensors of layer i."""
    name = f"backbone.layers.{i}.mixer."
    state, heads, head_dim = config["state_size"], config["num_heads"], config["head_dim"]
    inner = heads * head_dim
    z, raw, dt = g.split(g.linear(u, name + "in_proj", w[name + "in_proj.weight"]), (inner, inner + 2 * state, heads))

    taps = g.op("Concat", f"past_state.conv.{i}", g.op("Unsqueeze", raw, g.axes(2)), axis=2)
    g.op("Slice", taps, g.axes(1), g.axes(config["conv_kernel"]), g.axes(2), out=f"present_state.conv.{i}")
    weighted = g.op("Mul", taps, g.const(name + "conv1d.weight", w[name + "conv1d.weight"][:, 0]))
    mixed = g.op("ReduceSum", weighted, g.axes(2), keepdims=0)
    mixed = g.silu(g.op("Add", mixed, g.const(name + "conv1d.bias", w[name + "conv1d.bias"])))
    x, b, c = g.split(mixed, (inner, state, state))
    x = g.op("Reshape", x, g.axes(0, heads, head_dim))  # 0: the batch axis as it is

    dt = g.op("Softplus", g.op("Add", dt, g.const(name + "dt_bias", w[name + "dt_bias"])))
    a = -np.exp(w[name + "A_log"].astype(np.float64)).astype(np.float32)
    keep = g.op("Exp", g.op("Mul", dt, g.const(name + "A", a)))
    dtx = g.op("Mul", x, g.op("Unsqueeze", dt, g.axes(2)))
    held = g.op("Mul", g.op("Unsqueeze", keep, g.axes(2, 3)), f"past_state.ssm.{i}")
    added = g.op("Mul", g.op("Unsqueeze", dtx, g.axes(3)), g.op("Unsqueeze", b, g.axes(1, 2)))
    h = g.op("Add", held, added, out=f"present_state.ssm.{i}")
    y = g.op("Squeeze", g.op("MatMul", h, g.op("Unsqueeze", c, g.axes(1, 3))), g.axes(3))
    y = g.op("Add", y, g.op("Mul", x, g.const(name + "D", w[name + "D"][:, None])))
    y = g.op("Mul", g.op("Reshape", y, g.axes(0, inner)), g.silu(z))
    y = g.norm(y, name + "norm.weight", w[name + "norm.weight"], config["layer_norm_epsilon"])
    return g.linear(y, name + "out_proj", w[name + "out_proj.weight"])


def state_shapes(config):
    """Shape without the batch axis, by state name, in the order of the graph."""
    inner = config["num_heads"] * config["head_dim"]
    conv = [inner + 2 * config["state_size"], config["conv_kernel"] - 1]
    ssm = [config["num_heads"], config["head_dim"], config["state_size"]]
    return {f"{kind}.{i}": shape for i in range(config["num_hidden_layers"]) for kind, shape in (("conv", conv), ("ssm", ssm))}


def build(w, config):
    """Checkpoint and config -> a checked ModelProto."""
    if config["model_type"] != "mamba2" or config["n_groups"] != 1:
        raise SystemExit("only Mamba-2 with one group is written here")
    g, eps = Graph(), config["layer_norm_epsilon"]
    x = g.linear("row", "embed", w["embed.weight"], w["embed.bias"])
    for i in range(config["num_hidden_layers"]):
        name = f"backbone.layers.{i}."
        x = g.op("Add", x, mixer(g, g.norm(x, name + "norm.weight", w[name + "norm.weight"], eps), i, w, config))
    x = g.norm(x, "backbone.norm_f.weight", w["backbone.norm_f.weight"], eps)
    g.op("Add", g.op("MatMul", x, g.const("head.weight", w["head.weight"].T)), g.const("head.bias", w["head.bias"]), out="logit")
    g.op("Sigmoid", "logit", out="probability")

    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
    states = state_shapes(config)
    inputs = [value("row", [w["embed.weight"].shape[1]])] + [value(f"past_state.{n}", s) for n, s in states.items()]
    outputs = [value("probability", [1]), value("logit", [1])] + [value(f"present_state.{n}", s) for n, s in states.items()]
    graph = helper.make_graph(g.nodes, "mamba2_vad_step", inputs, outputs, g.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="millrace")
    onnx.checker.check_model(model, full_check=True)
    return model


def worst_logit(model, config, golden):
    """Steps the graph over the golden features from zero states: largest difference of a logit."""
    run = ReferenceEvaluator(model).run
    states = {name: np.zeros([1, *shape], np.float32) for name, shape in state_shapes(config).items()}
    worst = 0.0
    for row, logit in zip(golden["out.features"], golden["out.logits"]):
        feeds = {"row": row[None], **{f"past_state.{name}": value for name, value in states.items()}}
        found, *present = run(["logit", *(f"present_state.{name}" for name in states)], feeds)
        states = dict(zip(states, present))
        worst = max(worst, abs(float(found[0, 0]) - float(logit)))
    return worst


def manifest(config, mels):
    """config.json of the ONNX folder: src/cell/onnx/README.md documents it."""
    states = [
        {"in": f"past_state.{name}", "out": f"present_state.{name}", "shape": [1, *shape]}
        for name, shape in state_shapes(config).items()
    ]
    return {
        "model_type": "onnx",
        "onnx": {
            "file": "model.onnx",
            "input": {"name": "row", "shape": [1, mels], "rows": 1, "width": mels},
            "output": {"name": "probability", "width": 1},
            "states": states,
            "constants": [],
        },
        "millrace": config["millrace"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("models/vad-ssm"))
    parser.add_argument("--to", type=Path, default=Path("models/vad-ssm-onnx"))
    args = parser.parse_args()
    config = json.loads((args.model / "config.json").read_text(encoding="utf8"))
    weights = load_file(args.model / "model.safetensors")
    model = build(weights, config)
    worst = worst_logit(model, config, load_file(args.model / "golden.safetensors"))
    if worst > 1e-4:
        raise SystemExit(f"a logit is off by {worst:.1e} from the golden ones; nothing written")
    mels = weights["embed.weight"].shape[1]
    channels, taps = state_shapes(config)["conv.0"]
    args.to.mkdir(parents=True, exist_ok=True)
    (args.to / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    (args.to / "config.json").write_text(json.dumps(manifest(config, mels), indent=2) + "\n", encoding="utf8")
    card = CARD.format(
        mels=mels, channels=channels, taps=taps, heads=config["num_heads"], head_dim=config["head_dim"],
        state=config["state_size"], opset=OPSET, worst=worst,
    )
    (args.to / "README.md").write_text(card, encoding="utf8")
    print(f"{args.to}: {len(model.graph.node)} nodes, golden logits within {worst:.1e}")


if __name__ == "__main__":
    main()
