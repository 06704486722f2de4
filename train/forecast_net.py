"""The forecast models: a stack whose Mamba-2 blocks know how much time a row took; attention counts rows.

What goes in and out: forecast_data.py. Run this file to check the training form against its steps at uneven times.
"""
import torch
from cells import Shape
from forecast_data import INPUTS, KNOTS
from nets import Normalised, Stack, parameters, state_bytes

SHAPE = Shape(inputs=INPUTS, outputs=len(KNOTS), width=32, layers=2, expand=2, state=16, head_dim=16, conv=4,
              att_heads=4, att_dim=8, window=96, mlp=40, chunk=32)


class Forecaster(Normalised, Stack):
    """Rows [B,T,INPUTS] and their pace [B,T] (24ths of a season since the row before) -> [B,T,KNOTS]."""

    def __init__(self, cell, shape=SHAPE):
        super().__init__(cell, shape)
        self.normalise(shape.inputs)

    def forward(self, rows, pace):
        x = self.embed((rows - self.mean) / self.std)
        for layer in self.body().layers:
            if self.cell == "ssm":
                x = x + layer.mixer(layer.norm(x), pace)[0]
            else:
                x, _ = layer(x)
        return self.head(self.last(x))

    def step(self, row, states, pace=1.0):
        """One row [B,INPUTS] -> [B,KNOTS] and the next states."""
        x, kept = self.embed((row - self.mean) / self.std), []
        for layer, state in zip(self.body().layers, states):
            if self.cell == "ssm":
                y, state = layer.mixer.step(layer.norm(x), state, pace)
                x = x + y
            else:
                x, state = layer.step(x, state)
            kept.append(state)
        return self.head(self.last(x)), kept


@torch.no_grad()
def check(cell, rows=300):
    """Largest difference between the whole-sequence form and the steps, in float64."""
    torch.manual_seed(2)
    net = Forecaster(cell).double()
    x, pace = torch.randn(1, rows, INPUTS).double(), torch.rand(1, rows).double() * 3
    whole, states, worst = net(x, pace), net.start(1, torch.float64), 0.0
    for t in range(rows):
        y, states = net.step(x[:, t], states, float(pace[0, t]))
        worst = max(worst, float((y - whole[:, t]).abs().max()))
    return worst


if __name__ == "__main__":
    for cell in ("ssm", "attention"):
        print(cell, parameters(Forecaster(cell)), "parameters,", state_bytes(cell, SHAPE), "bytes of state,",
              "steps differ by", check(cell))
