"""Series for the forecast models, and what the running forecaster knows of them at every row.

forecast_data.py --ett ETTh1.csv.gz [--packages <folder>] --to series.npz [--months 12]
The folder holds wheels as `pip download --no-deps statsmodels vega_datasets` leaves them. Of ETTh1 the first `months` train
and the four after them choose; nothing behind the sixteenth is read. Time is counted in 24ths of a season.
"""
import argparse
import csv
import gzip
import io
import zipfile
from pathlib import Path
import numpy as np
from scipy.linalg import expm

MONTH = 720
KNOTS = [*range(1, 25), *range(30, 97, 6), *range(108, 721, 12)]
LEADS = 8
INPUTS = 6 + LEADS
LIMIT = 10.0


def ett(path, months):
    """[rows, 7] of the first `months`, z-scored on the first twelve."""
    with gzip.open(path, "rt") as file:
        rows = [row[1:] for _, row in zip(range(1 + months * MONTH), csv.reader(file))][1:]
    x = np.array(rows, float)
    train = x[:12 * MONTH]
    return (x - train.mean(0)) / train.std(0)


def column(wheel, name, pick, delimiter=","):
    """One column of a file in a wheel; what is no number is NaN."""
    text = io.TextIOWrapper(wheel.open(name), "utf8")
    def number(v):
        try:
            return float(v)
        except ValueError:
            return np.nan
    rows = list(csv.DictReader(text, delimiter=delimiter))
    return np.array([number(row[pick]) for row in rows])


# Wheel, file, column, rows a season.
PACKAGED = [
    ("vega_datasets", "vega_datasets/_data/sf-temps.csv", "temp", 24),
    ("vega_datasets", "vega_datasets/_data/seattle-temps.csv", "temp", 24),
    ("vega_datasets", "vega_datasets/_data/seattle-weather.csv", "temp_max", 7),
    ("vega_datasets", "vega_datasets/_data/seattle-weather.csv", "wind", 7),
    ("statsmodels", "statsmodels/datasets/co2/co2.csv", "co2", 52),
]


def packaged(folder):
    """[(name, values, season)] of PACKAGED, gaps held."""
    found = []
    for package, name, pick, season in PACKAGED:
        wheels = sorted(Path(folder).glob(f"{package}-*.whl"))
        with zipfile.ZipFile(wheels[-1]) as wheel:
            x = column(wheel, name, pick)
        known = np.flatnonzero(~np.isnan(x))
        found.append((f"{package}: {Path(name).stem} {pick}", np.interp(np.arange(len(x)), known, x[known]), season))
    return found


def synthetic(r, count, rows, season):
    """[rows, count] of unit size: seasons that change slowly, weeks, drifts at several scales, shifts, noise, spikes."""
    t = np.arange(rows)[:, None] / season
    log_uniform = lambda low, high, n=count: np.exp(r.uniform(np.log(low), np.log(high), n))

    def wander(seasons):
        """Ornstein-Uhlenbeck of unit size, [rows, count]; correlation time in seasons [count]."""
        keep = np.exp(-1 / (seasons * season))
        noise = r.standard_normal((rows, count)) * np.sqrt(1 - keep ** 2)
        out = np.empty((rows, count))
        state = r.standard_normal(count)
        for i in range(rows):
            state = keep * state + noise[i]
            out[i] = state
        return out

    shape = np.zeros((rows, count))
    for k in range(1, 5):
        size = r.gamma(0.7, 1, count) / k
        shape += size * np.cos(2 * np.pi * (k * t + r.uniform(0, 1, count)) + 0.3 * r.uniform(0, 1, count) * wander(log_uniform(5, 60)))
    shape *= 1 + r.uniform(0, 0.5, count) * wander(log_uniform(2, 40))
    weekly = 1 + (r.random(count) < 0.3) * r.uniform(0, 0.7, count) * (np.floor(t + r.integers(0, 7, count)) % 7 >= 5)
    level = sum(r.gamma(0.6, 1, count) * wander(log_uniform(0.2, 3) * 5 ** k) for k in range(4))
    level += (r.random(count) < 0.3) * r.uniform(-1, 1, count) * t / 14
    shift = (r.random((rows, count)) < 1 / (20 * season)) * r.standard_normal((rows, count)) * (r.random(count) < 0.3)
    level += 1.5 * np.cumsum(shift, 0)
    noise = r.standard_t(4, (rows, count)) * log_uniform(0.03, 0.7)
    x = log_uniform(0.2, 3) * shape * weekly + log_uniform(0.2, 2) * level + noise
    x += (r.random((rows, count)) < 1 / 500) * r.standard_normal((rows, count)) * 4
    x = np.where(r.random(count) < 0.15, np.exp(0.5 * x / x.std(0)), x)
    return (x - x.mean(0)) / x.std(0)


def level_memory(season, order=6):
    """One row of the memory whose first value is the mean of the last season (LegT, Gu et al. 2020): decay and input."""
    n = np.arange(order)
    rate = (2 * n + 1)[:, None] / season
    a = np.where(n[:, None] < n[None], -1, (-1.0) ** (n[:, None] - n[None] + 1)) * rate
    b = (-1.0) ** n[:, None] * rate
    step = expm(np.block([[a, b], [np.zeros((1, order + 1))]]))
    return step[:order, :order], step[:order, order]


def known(x, season, present=None):
    """What the forecaster knows after each row of x [rows, n] (missing rows held, not learned).

    Returns inputs [n, rows, INPUTS], the level, deviation [n, rows], and the profile by phase [n, rows, season], all
    float32. The same arithmetic as level, usualDeviation, profile and week of src/operator/forecast.
    """
    rows, n = x.shape
    present = np.ones(rows, bool) if present is None else present
    decay, enters = level_memory(season)
    memory = np.zeros((len(enters), n))
    memory[0] = x[0]
    variance, profile, week = np.zeros(n), np.repeat(x[:1], season, 0), np.repeat(x[:1], season, 0)
    leads = np.round(np.arange(1, LEADS + 1) * season / LEADS).astype(int)
    inputs = np.empty((rows, n, INPUTS), np.float32)
    levels, deviations = np.empty((rows, n), np.float32), np.empty((rows, n), np.float32)
    profiles = np.empty((rows, season, n), np.float32)
    value = before = x[0]
    for t in range(rows):
        if present[t]:
            before, value = value, x[t]
        memory = decay @ memory + enters[:, None] * value
        level, phase = memory[0], t % season
        if present[t]:
            variance += max(1 / (28 * season), 1 / (t + 1)) * ((value - level) ** 2 - variance)
            seasons = t // season + 1
            profile[phase] += max(1 / 14, 1 / seasons) * (value - profile[phase])
            week[phase] += max(1 / 7, 1 / seasons) * (value - week[phase])
        deviation = np.maximum(np.sqrt(variance), 1e-7 * np.abs(level) + 1e-30)
        row = inputs[t]
        row[:, 0], row[:, 1] = value - level, value - before
        row[:, 2], row[:, 3] = value - profile[phase], value - week[phase]
        row[:, 4] = level - profile.mean(0)
        row[:, 5:5 + LEADS] = (profile[(phase + leads) % season] - level).T
        np.clip(row / deviation[:, None], -LIMIT, LIMIT, out=row)
        row[:, -1] = min(1, t / (14 * season))
        levels[t], deviations[t], profiles[t] = level, deviation, profile
    return inputs.transpose(1, 0, 2).copy(), levels.T.copy(), deviations.T.copy(), profiles.transpose(2, 0, 1).copy()


def targets(x, season, level, deviation, profile):
    """What came, as the model would have to say it: [n, rows, KNOTS], (value - season's expert) / deviation; NaN where unknown.

    A knot that falls between two rows lies on the line between them.
    """
    rows, n = x.shape
    y = x.T.astype(np.float32)
    shift = level - profile.mean(2)
    out = np.full((n, rows, len(KNOTS)), np.nan, np.float32)
    def residual(step):
        upto = rows - step
        t = np.arange(upto)
        phase = (t + step) % season
        return (y[:, step:] - shift[:, :upto] - profile[:, t, phase]) / deviation[:, :upto]
    for k, knot in enumerate(KNOTS):
        at = knot * season / 24
        low = int(at)
        if low < 1 or low + 1 >= rows:
            continue
        near = residual(low)
        if at > low:
            far = residual(low + 1)
            near = near[:, :far.shape[1]] * (low + 1 - at) + far * (at - low)
        out[:, :near.shape[1], k] = near
    return np.clip(out, -3 * LIMIT, 3 * LIMIT)


SYNTHETIC = [(24, 1536, 256), (12, 1200, 48), (7, 1200, 48), (48, 1536, 48), (96, 2048, 32)]  # season, rows, how many


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--ett", required=True)
    p.add_argument("--packages", help="folder of wheels")
    p.add_argument("--to", required=True)
    p.add_argument("--months", type=int, default=12, help="of ETTh1 that train")
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    r = np.random.default_rng(args.seed)
    found, sources = {}, [f"ETTh1, months 1 to {args.months}", "synthetic"]

    def add(name, x, season, pace=None, keep=None):
        inputs, level, deviation, profile = known(x, season, keep)
        y = targets(x, season, level, deviation, profile)
        pace = np.full(len(x), 24 / season) if pace is None else pace
        at = slice(None) if keep is None else keep
        found[f"{name}.inputs"], found[f"{name}.targets"] = inputs[:, at], y[:, at].astype(np.float16)
        found[f"{name}.pace"] = pace[at].astype(np.float32)

    all_rows = ett(args.ett, 16)
    add("ett", all_rows[:args.months * MONTH], 24)
    add("dev", all_rows, 24)
    for season, rows, count in SYNTHETIC:
        add(f"synthetic{season}", synthetic(r, count, rows, season), season)
    # Rows that are missing here and there, and long holes: the row after them says how long it was.
    for j in range(4):
        x = synthetic(r, 32, 1536, 24)
        keep = r.random(len(x)) > r.uniform(0.02, 0.4)
        for at in r.integers(200, 1400, 3):
            keep[at:at + r.integers(5, 100)] = False
        keep[0] = True
        rows = np.flatnonzero(keep)
        pace = np.ones(len(x))
        pace[rows[1:]] = np.diff(rows)
        add(f"gaps{j}", x, 24, pace, keep)
    if args.packages:
        for i, (name, x, season) in enumerate(packaged(args.packages)):
            add(f"packaged{i}", ((x - x.mean()) / x.std())[:, None], season)
            sources.append(name)
    np.savez(args.to, sources=np.array(sources), months=args.months, seed=args.seed, **found)
    print({k: v.shape for k, v in found.items()})


if __name__ == "__main__":
    main()
