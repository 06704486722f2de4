"""Makes assets/words.wav and assets/words.json: words that the spotter knows, and others, said by speech synthesis.

    python scripts/make-words.py

Needs flite 2.2 (Debian's package of that name) with its voices rms and slt, numpy and soundfile. Deterministic, like
make-assets.py beside it, whose noise it takes. Nothing at run time or in the tests needs this script.
"""
import json
import subprocess
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np
import soundfile as sf

make_assets = import_module("make-assets")
ASSETS, RATE = make_assets.ASSETS, make_assets.RATE
SEED = 20_241
SNR_DB = 20.0
LENGTH_S = 8.0
# (voice, mean pitch in Hz, stretch, what is said, start in s, whether the spotter knows it)
SAID = [
    ("slt", 185, 1, "Good morning.", 0.5, False),
    ("rms", 100, 1, "Alexa.", 2.5, True),
    ("rms", 85, 1.35, "Four.", 3.4, True),
    ("slt", 185, 1, "How do you do today?", 4.9, False),
    ("rms", 100, 1, "Computer.", 6.7, True),
]


def say(voice, pitch, stretch, text):
    """f64 [samples], power one, trimmed to what is louder than 2 % of its peak."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        settings = ["--setf", f"int_f0_target_mean={pitch}", "--setf", f"duration_stretch={stretch}"]
        subprocess.run(["flite", "-voice", voice, *settings, "-t", text, "-o", file.name], check=True)
        x, rate = sf.read(file.name)
    assert rate == RATE and x.ndim == 1
    on = np.flatnonzero(np.abs(x) > 0.02 * np.abs(x).max())
    x = x[on[0]:on[-1] + 1]
    return x / np.sqrt(np.square(x).mean())


def main():
    track = np.zeros(int(LENGTH_S * RATE))
    words = []
    for voice, pitch, stretch, text, start, known in SAID:
        x, at = say(voice, pitch, stretch, text), int(start * RATE)
        track[at:at + len(x)] += x
        if known:
            words.append({"word": text.lower().rstrip("."), "from": start, "to": round(start + len(x) / RATE, 2)})
    # The noise has its events within twelve seconds, so all of it is made.
    noise = make_assets.noise_track(np.random.default_rng(SEED), 12 * RATE)[:len(track)]
    mix = track + noise * 10 ** (-SNR_DB / 20)
    mix *= 0.7 / np.abs(mix).max()
    sf.write(ASSETS / "words.wav", np.round(mix * 32767).astype(np.int16), RATE, subtype="PCM_16")
    (ASSETS / "words.json").write_text(json.dumps(words) + "\n")


if __name__ == "__main__":
    main()
