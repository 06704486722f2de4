"""Words said by speech synthesisers, as a folder of the same form as keywords/: say.py --to <folder> [--words 500].

For voices and words that the recordings lack: the digits have five recorded voices, and words that nobody trained for
(enrolment) have none. Needs Debian's espeak-ng, flite, festival, festvox-kallpc16k, -kdlpc16k and -us-slt-hts; the
other words are drawn from festival's CMU lexicon. Every choice is a function of the seed and of the word.
"""
import argparse
import json
import random
import re
import subprocess
import tempfile
from pathlib import Path
import numpy as np
import soundfile as sf
from scipy.signal import resample_poly
from corpus import HOP, RATE, WORDS, activity

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LEXICON = "/usr/share/festival/dicts/cmu/cmudict-0.4.out"
ACCENTS = ("en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-029")
VARIANTS = ("m1", "m2", "m3", "m4", "m5", "m7", "f1", "f2", "f3", "f4", "f5", "klatt", "klatt2", "klatt4", "steph", "max")
FLITE = ("kal16", "awb", "rms", "slt")
FESTIVAL = ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts")
SHARD = 240 * RATE


def lexicon(count, r):
    """Words of two to four syllables, most of them names."""
    found = []
    for line in open(LEXICON, encoding="latin1"):
        said = re.match(r'\("([a-z]{4,12})" ', line)
        if said and 2 <= len(re.findall(r"\) [012]\)", line)) <= 4 and said.group(1) not in WORDS:
            found.append(said.group(1))
    return sorted(r.sample(sorted(set(found)), count))


def takes(words, r):
    """(word, voice, settings) of every take: many voices for the words to be spotted, seven for the others."""
    for word in words:
        espeak = [(f"espeak-{a}+{v}", (r.randint(20, 80), r.randint(120, 210))) for a in ACCENTS for v in VARIANTS]
        flite = [(f"flite-{v}", (r.uniform(0.75, 1.35), r.uniform(0.85, 1.2))) for v in FLITE]
        festival = [(f"festival-{v}", (r.uniform(0.8, 1.35),)) for v in FESTIVAL]
        if word in WORDS:
            # The diphone and cluster voices sound more like people: four takes of each.
            many = [(v, tuple(round(x * r.uniform(0.85, 1.15), 3) for x in s)) for v, s in (flite + festival) * 4]
            chosen = many + r.sample(espeak, 24 if word in DIGITS else 8)
        else:
            chosen = r.sample(flite, 2) + r.sample(festival, 2) + r.sample(espeak, 3)
        yield from ((word, voice, settings) for voice, settings in chosen)


def speak(word, voice, settings, path):
    kind, name = voice.split("-", 1)
    if kind == "espeak":
        pitch, speed = settings
        call = ["espeak-ng", "-v", name, "-p", str(pitch), "-s", str(speed), "-w", path, word]
    else:
        length, pitch = settings
        mean = {"kal16": 105, "awb": 125, "rms": 100, "slt": 185}[name] * pitch
        call = ["flite", "-voice", name, "--setf", f"duration_stretch={length}", "--setf", f"int_f0_target_mean={mean:.0f}",
                "-t", word, "-o", path]
    subprocess.run(call, check=True, capture_output=True)


def festival(items, folder):
    """All takes of festival in one process: its start takes longer than a word."""
    lines = []
    for path, (word, voice, (length,)) in items:
        lines += [f"(voice_{voice.split('-', 1)[1]})", f"(Parameter.set 'Duration_Stretch {length})",
                  f'(utt.save.wave (utt.synth (Utterance Text "{word}")) "{path}" \'riff)']
    script = folder / "all.scm"
    script.write_text("\n".join(lines) + "\n", encoding="utf8")
    subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True)


def trimmed(path):
    """A take at 16 kHz, its peak 0.7, with 0.12 s before and 0.2 s after the sound; None where there is none."""
    x, rate = sf.read(path)
    x = resample_poly(x, RATE, rate) if rate != RATE else x
    x = (0.7 * 32767 * x / max(1e-9, np.abs(x).max())).astype(np.int16)
    on = np.flatnonzero(activity(x))
    if len(on) < 10 or len(on) > 180:
        return None
    return x[max(0, on[0] - 9) * HOP:(on[-1] + 17) * HOP]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--to", required=True)
    p.add_argument("--words", type=int, default=500, help="words beside the ones to be spotted")
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    r, out = random.Random(args.seed), Path(args.to)
    out.mkdir(parents=True, exist_ok=True)
    words = list(WORDS) + lexicon(args.words, r)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        items = [(str(folder / f"{n}.wav"), take) for n, take in enumerate(takes(words, r))]
        festival([i for i in items if i[1][1].startswith("festival")], folder)
        sounds = []
        for path, take in items:
            if not take[1].startswith("festival"):
                speak(*take, path)
            sound = trimmed(path)
            if sound is not None:
                sounds.append((take, sound))
    lines, shard, size, number = [], [], 0, 0

    def close():
        with sf.SoundFile(out / f"say-{number:03d}.ogg", "w", RATE, 1, format="OGG", subtype="VORBIS") as f:
            for x in shard:
                f.write(x)

    for (word, voice, _), x in sounds:
        lines.append({"file": f"say-{number:03d}.ogg", "offset": size, "samples": len(x), "word": word,
                      "speaker": voice, "source": "synthesised", "split": "train"})
        shard.append(x)
        size += len(x)
        if size > SHARD:
            close()
            shard, size, number = [], 0, number + 1
    if shard:
        close()
    (out / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf8")
    print(f"{len(lines)} takes, {sum(len(x) for _, x in sounds) / RATE / 60:.1f} min, {len(words)} words")


if __name__ == "__main__":
    main()
