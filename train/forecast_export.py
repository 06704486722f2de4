"""Writes a trained forecaster as a model folder: weights, config, golden vectors and card.

forecast_export.py --checkpoint <run>/forecast-ssm.best.pt --corpus series.npz --to models/forecast-ssm [--measured figures.json]
`figures.json`: {"head": [..], "rows": [[..], ..], "note": ".."} of `bench -- forecast`, for the card; it chooses nothing.
"""
import argparse
import json
from pathlib import Path
import numpy as np
import torch
from safetensors.torch import save_file
from cards import table
from export import fold, layout
from forecast_data import INPUTS, KNOTS, known, synthetic
from forecast_net import SHAPE, Forecaster
from nets import multiply_adds, parameters, state_bytes

COEFFICIENTS = 4
SEASON = 24


def read(path):
    """A checkpoint -> the net with the rows' mean and deviation folded in, and what is known of its training."""
    kept = torch.load(path, map_location="cpu", weights_only=False)
    weights = dict(kept["weights"])
    mean, std = weights.pop("mean"), weights.pop("std")
    net = Forecaster(kept["cell"], SHAPE)
    net.load_state_dict({**fold(weights, mean, std), "mean": torch.zeros(INPUTS), "std": torch.ones(INPUTS)})
    return net.eval(), kept["trained"]


@torch.no_grad()
def basis(net, corpus):
    """[COEFFICIENTS, KNOTS]: the main shapes of what the net says over its training months, and their share of it."""
    with np.load(corpus) as found:
        x, pace = (torch.from_numpy(found[f"ett.{part}"]) for part in ("inputs", "pace"))
    said = net(x, pace.expand(len(x), -1))[:, ::7].flatten(0, 1).double().numpy()
    _, sizes, shapes = np.linalg.svd(said, full_matrices=False)
    # Signs are arbitrary: the near end is positive.
    shapes = shapes[:COEFFICIENTS] * np.sign(shapes[:COEFFICIENTS, :24].sum(1))[:, None]
    return torch.from_numpy(shapes).float(), float((sizes[:COEFFICIENTS] ** 2).sum() / (sizes ** 2).sum())


@torch.no_grad()
def golden(net):
    """A synthetic series, the rows made of it from its first whole season on, what the net says; and again at uneven times.

    in.values [T]; out.features [T - 23, INPUTS]; out.logits (flat); uneven.pace, uneven.logits (flat); state.<layer>.<name>.
    """
    r = np.random.default_rng(11)
    values = (20 + 5 * synthetic(r, 1, 264, SEASON)).astype(np.float32)
    rows = torch.from_numpy(known(values.astype(float), SEASON)[0][:, SEASON - 1:])
    pace = torch.ones(1, rows.shape[1])
    logits = net(rows, pace)[0]
    found = {"in.values": torch.from_numpy(values[:, 0]), "out.features": rows[0], "out.logits": logits.flatten()}
    states, worst = net.start(1), 0.0
    for t in range(rows.shape[1]):
        said, states = net.step(rows[:, t], states)
        worst = max(worst, float((said[0] - logits[t]).abs().max()))
    assert worst < 1e-4 * float(logits.abs().max()), worst
    if net.cell == "ssm":
        for i, state in enumerate(states):
            found.update({f"state.{i}.{name}": state[name][0] for name in ("ssm", "conv")})
        uneven = torch.from_numpy(r.choice([0.25, 0.5, 1, 1, 3, 17], rows.shape[1]).astype(np.float32))
        found.update({"uneven.pace": uneven, "uneven.logits": net(rows, uneven[None])[0].flatten()})
    return {k: v.contiguous().clone() for k, v in found.items()}


CARD = """# {name}: one more expert for the forecaster

{blocks} between linear ends, causal. {parameters:,} parameters, {adds:,} multiply-adds a row and column,
{state:,} bytes of float32 state a column ({kept}).
Its twin with the other cell, trained on the same windows in the same order: [{twin}](../{twin}).

## Files
`model.safetensors` (float32; the normalisation of the rows is folded into `embed`; `basis.weight`: the four shapes that
{share:.1%} of what it said of its training months consists of), `config.json` (the cell's usual keys; section `millrace`),
`golden.safetensors` (a synthetic series, its rows, what the network says, the last state; for the SSM also at uneven times).

## In and out
A row of {inputs} values a row and column (`train/forecast_data.py`, `known`; `src/operator/forecast/trained-inputs.ts`): the value
against the level (mean of the last season), against the value before and against two profiles of the season, the level
against the profile's, the coming season's profile at eight places, how many seasons were seen. All in usual deviations:
level, deviation and profiles are running figures in the stream's state. Out: for {knots} times ahead, from a 24th of a season to thirty
seasons, the distance from the season's profile at the present level, in usual deviations.
Time is counted in 24ths of a season. {pace}

It runs inside the `forecast` pipeline (`--set model={name}`), never alone: it is weighed by its running error like the other
experts, and its four coefficients are features of the regression that goes on learning.

## Measured
{measured}

## Limits
- One column at a time; seasons of another length than a day of hours were in training as synthetic series only (and a few
  weekly and yearly ones), thirty seasons ahead with few independent examples.
- Of its real training data nearly all is one transformer station; at another kind of sensor it has not been measured.
- It has seen months 1 to {months} of ETTh1: errors there are not those of unseen data. Months 13 to 16 chose the step.
{own}

## Training
Step {step} ({seconds} s, on {hardware}) of batches of {batch} windows of 768 rows, seed {seed}, AdamW at {rate}, level, then down to 1 %; averaged
weights; kept: the best on months 13 to 16. Error over that of the season's expert there, in usual deviations:
{dev}.
Recipe: [train/](../../train) (`forecast_data.py`, `forecast.py`, `forecast_export.py`).

## Data and licence
Weights: Apache-2.0. {sources}
- ETTh1 (Zhou et al. 2021, "Informer"; github.com/zhouhaoyi/ETDataset), CC BY-ND 4.0: months 1 to {months} only.
- Synthetic series (seasons, weeks, drifts, shifts, noise, spikes, gaps, five lengths of season): made by the recipe.
- From the wheels of vega_datasets 0.9.0 (MIT; weather of NOAA, public domain): hourly temperatures of San Francisco and
  Seattle, daily weather of Seattle. From statsmodels 0.15.0 (BSD-3-Clause; public domain): weekly CO2 of Mauna
  Loa (Keeling and Whorf).
The series themselves are not part of this repository.
"""


def card(net, name, about, measured, hardware, share):
    ssm = net.cell == "ssm"
    shape = net.shape
    trained = about["trained"]
    blocks = (f"{shape.layers} Mamba-2 blocks of width {shape.width}" if ssm else
              f"{shape.layers} sliding-window ({shape.window} rows) attention blocks of width {shape.width}")
    return CARD.format(
        name=name, blocks=blocks, parameters=about["parameters"], adds=about["multiply_adds_per_row"], state=about["state_bytes"],
        kept="constant" if ssm else "keys and values of a full window", share=share, inputs=INPUTS, knots=len(KNOTS),
        twin=name.replace("-ssm", "-attention") if ssm else name.replace("-attention", "-ssm"),
        pace=("A row that comes late, or after missing ones, stretches the step of the recurrence." if ssm else
              "Attention counts rows: it sees 96 of them, however far apart they are."),
        measured=measured["note"] + "\n\n" + table(measured["head"], measured["rows"]) if measured else "Not measured yet.",
        own="- The state is constant; what a window would remember exactly, it remembers as well as it learned to." if ssm else
        "- 96 rows are four days of hours, but an hour and a half of minutes.",
        months=about["months"], step=trained["step"], seconds=trained["seconds"], hardware=hardware, batch=trained["batch"], seed=trained["seed"],
        rate=trained["rate"], dev=", ".join(f"{k.split('_')[1]} rows {v:.3f}" for k, v in trained["dev"].items() if k != "score"),
        sources="We take 19 thousand numbers not to be an adaptation of the series that they were trained on; who takes\nanother view of ETTh1, whose licence lets nothing that was adapted of it be shared, should train anew without it, and not share these.")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--checkpoint", required=True)
    p.add_argument("--corpus", required=True)
    p.add_argument("--to", required=True, help="model folder")
    p.add_argument("--measured", help="JSON of a table for the card")
    p.add_argument("--hardware", default="one CPU core")
    args = p.parse_args()
    torch.set_num_threads(1)
    net, trained = read(args.checkpoint)
    to = Path(args.to)
    shapes, share = basis(net, args.corpus)
    with np.load(args.corpus) as found:
        months = int(found["months"])
    about = {"task": "forecast", "version": 1, "ends": {"embed": "embed", "head": "head", "activation": "none"},
             "knots": KNOTS, "ticks_per_season": SEASON, "coefficients": COEFFICIENTS, "months": months, "trained": trained,
             "parameters": parameters(net), "state_bytes": state_bytes(net.cell, net.shape),
             "multiply_adds_per_row": multiply_adds(net.cell, net.shape)}
    to.mkdir(parents=True, exist_ok=True)
    weights = {k: v.contiguous() for k, v in net.state_dict().items() if k not in ("mean", "std")}
    save_file({**weights, "basis.weight": shapes.contiguous()}, to / "model.safetensors")
    save_file(golden(net), to / "golden.safetensors")
    for path in to.glob("*.safetensors"):
        path.chmod(0o644)
    (to / "config.json").write_text(json.dumps({**layout(net.cell, net.shape), "millrace": about}, indent=2) + "\n", "utf8")
    measured = json.loads(Path(args.measured).read_text("utf8")) if args.measured else None
    (to / "README.md").write_text(card(net, to.name, about, measured, args.hardware, share), "utf8")


if __name__ == "__main__":
    main()
