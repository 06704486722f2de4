"""Makes assets/speech-in-noise.{wav,json} and assets/sensor.csv. Deterministic: the same inputs give the same bytes.

    python scripts/make-assets.py <unpacked pocketsphinx-testdata> <vega-datasets folder>

The first folder is what `dpkg -x pocketsphinx-testdata_*.deb FOLDER` leaves, the second one is node_modules/vega-datasets.
Needs numpy and soundfile. Nothing at run time or in the tests needs this script. assets/README.md tells the provenance.
"""
import csv
import json
import sys
from pathlib import Path

import numpy as np
import soundfile as sf

RATE = 16_000
HOP = 160  # 10 ms: the grid of the true segments
SEED = 20_240
SNR_DB = 8.0
SENTENCES = ["0880", "0890"]  # "He was not an ill-disposed young man, / unless to be rather cold hearted ..."
STARTS_S = [1.3, 5.7]  # noise alone before, between and after
LENGTH_S = 12.0
ASSETS = Path(__file__).resolve().parent.parent / "assets"


def clean_track(folder):
    """Speech [LENGTH_S * RATE] f64, digital silence around it; edges faded over 10 ms."""
    track = np.zeros(int(LENGTH_S * RATE))
    for name, start in zip(SENTENCES, STARTS_S):
        path = folder / f"usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-{name}.wav"
        x, rate = sf.read(path)
        assert rate == RATE and x.ndim == 1
        fade = np.minimum(1, np.minimum(np.arange(len(x)), np.arange(len(x))[::-1]) / HOP)
        at = int(start * RATE)
        track[at:at + len(x)] += (x * fade)[:len(track) - at]
    return track


def speech_hops(track):
    """bool [hops]: 10 ms energy within 28 dB of the loudest hop (the recording's own floor lies 35 to 40 dB down), pauses
    under 200 ms closed, bursts under 80 ms (lips, breath) dropped, the rest widened by 30 ms."""
    energy = np.square(track.reshape(-1, HOP)).sum(1)
    on = energy > energy.max() * 10 ** -2.8
    for value, shortest in [(False, 20), (True, 8)]:
        edges = np.flatnonzero(np.diff(np.r_[not value, on, not value]))
        for start, end in zip(edges[::2], edges[1::2]):
            if end - start < shortest:
                on[start:end] = not value
    return np.convolve(on, np.ones(7), "same") > 0


def segments(on):
    edges = np.flatnonzero(np.diff(np.r_[0, on.astype(int), 0]))
    return [[round(a * HOP / RATE, 2), round(b * HOP / RATE, 2)] for a, b in zip(edges[::2], edges[1::2])]


def coloured(rng, n, slope_db_per_octave, low_hz, high_hz):
    """Noise of power ~ f^(slope / 3 dB) between two frequencies, unit power."""
    f = np.fft.rfftfreq(n, 1 / RATE)
    shape = (np.maximum(f, 1) / 1000) ** (slope_db_per_octave / 6.02)
    shape *= 1 / (1 + (low_hz / np.maximum(f, 1)) ** 6) / (1 + (f / high_hz) ** 6)
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * shape, n)
    return x / x.std()


def noise_track(rng, n):
    """A fan (pinkish hiss and blade tones), two cars passing, and a handful of clicks. Unit power without the clicks."""
    t = np.arange(n) / RATE
    fan = coloured(rng, n, -3, 60, 5000)
    for harmonic, gain in [(1, 0.5), (2, 0.35), (3, 0.2), (5, 0.12)]:
        wobble = 0.6 * np.sin(2 * np.pi * 0.31 * t + harmonic)
        fan += gain * np.sin(2 * np.pi * 87 * harmonic * t + wobble)
    rumble = coloured(rng, n, -6, 40, 900) + 0.35 * coloured(rng, n, -1.5, 300, 3500)
    passing = sum(gain * np.exp(-0.5 * ((t - at) / width) ** 2) for at, width, gain in [(4.9, 1.1, 1.5), (10.9, 0.9, 1.1)])
    bed = 0.8 * fan + (0.15 + passing) * rumble
    bed /= bed.std()
    for at in [0.62, 0.71, 4.95, 5.21, 11.55]:
        i, k = int(at * RATE), np.arange(int(0.02 * RATE))
        bed[i:i + len(k)] += 4.5 * np.exp(-k / 40) * np.sin(2 * np.pi * rng.uniform(1500, 3500) * k / RATE)
    return bed


def main():
    speech, datasets = Path(sys.argv[1]), Path(sys.argv[2])
    rng = np.random.default_rng(SEED)
    clean = clean_track(speech)
    on = speech_hops(clean)
    power = np.square(clean[np.repeat(on, HOP)]).mean()
    noise = noise_track(rng, len(clean)) * np.sqrt(power * 10 ** (-SNR_DB / 10))
    mix = clean + noise
    mix *= 0.7 / np.abs(mix).max()
    pcm = np.round(mix * 32767 + rng.uniform(-0.5, 0.5, len(mix))).astype(np.int16)
    sf.write(ASSETS / "speech-in-noise.wav", pcm, RATE, subtype="PCM_16")
    (ASSETS / "speech-in-noise.json").write_text(json.dumps(segments(on)) + "\n")

    # Every column but `weather`, which is a word made from the others; numbers stay as they are written there.
    with open(datasets / "data/seattle-weather.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    columns = ["date", "temp_max", "temp_min", "wind", "precipitation"]
    lines = [",".join(columns)] + [",".join(row[c] for c in columns) for row in rows]
    (ASSETS / "sensor.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
