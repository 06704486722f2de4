"""Running English said by speech synthesisers, as an audio folder: say_text.py --text <folder> --to <folder> [--minutes 50].

Negatives for the keyword spotters: one English voice of some length is in the recordings. Texts are plain files (Debian's
fortunes: strfile's *.u8 links are left out); a sentence with a digit or a word to be spotted is not said. Every choice is a
function of the seed. Needs what say.py needs.
"""
import argparse
import json
import random
import re
import tempfile
from pathlib import Path
import numpy as np
import soundfile as sf
from scipy.signal import resample_poly
from corpus import NUMBERS, RATE, WORDS
from say import ACCENTS, FESTIVAL, FLITE, SHARD, VARIANTS, festival, speak

LEFT_OUT = set(NUMBERS) | {part for word in WORDS for part in word.split()} | {"computers", "mirrors", "glasses"}


def sentences(folder):
    """Sentences of 5 to 24 plain words, each once."""
    found = []
    for path in sorted(p for p in folder.iterdir() if p.suffix == "" and p.is_file()):
        text = path.read_text(encoding="utf8", errors="replace")
        for quote in text.split("\n%\n"):
            for sentence in re.split(r"(?<=[.!?])\s+", re.sub(r"\s+", " ", quote)):
                words = sentence.split()
                if (5 <= len(words) <= 24 and re.fullmatch(r"[A-Z][A-Za-z ,;']+[.!?]", sentence)
                        and not LEFT_OUT & set(re.findall("[a-z]+", sentence.lower()))):
                    found.append(sentence)
    return sorted(set(found))


def voices(r):
    """A voice and its settings for as many sentences as one likes; the diphone and cluster voices sound more like people."""
    while True:
        kind = r.random()
        if kind < 0.4:
            yield f"flite-{r.choice(FLITE)}", (round(r.uniform(0.75, 1.3), 3), round(r.uniform(0.8, 1.25), 3))
        elif kind < 0.8:
            yield f"festival-{r.choice(FESTIVAL)}", (round(r.uniform(0.8, 1.3), 3),)
        else:
            yield f"espeak-{r.choice(ACCENTS)}+{r.choice(VARIANTS)}", (r.randint(20, 80), r.randint(120, 210))


def sounds(takes, folder):
    """Yields (take, sound int16) of every take that made a sound; its peak 0.7."""
    items = [(str(folder / f"{n}.wav"), take) for n, take in enumerate(takes)]
    festival([i for i in items if i[1][1].startswith("festival")], folder)
    for path, take in items:
        if not take[1].startswith("festival"):
            speak(*take, path)
        x, rate = sf.read(path)
        x = resample_poly(x, RATE, rate) if rate != RATE else x
        if len(x) > RATE // 2:
            yield take, (0.7 * 32767 * x / max(1e-9, np.abs(x).max())).astype(np.int16)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--text", required=True, help="folder of text files, quotes apart by lines of %%")
    p.add_argument("--to", required=True)
    p.add_argument("--minutes", type=float, default=50)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    r, out = random.Random(args.seed), Path(args.to) / "train"
    out.mkdir(parents=True, exist_ok=True)
    texts = sentences(Path(args.text))
    r.shuffle(texts)
    texts = texts[:int(args.minutes * 60 / 3.5)]
    takes = [(text, voice, settings) for text, (voice, settings) in zip(texts, voices(r))]
    lines, shard, size, number = [], [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        found = sorted(sounds(takes, Path(folder)), key=lambda one: one[0][1])
    for n, ((text, voice, _), x) in enumerate(found):
        lines.append({"file": f"text-{number:03d}.ogg", "offset": size, "samples": len(x), "kind": "speech", "text": text,
                      "speaker": voice, "source": "synthesised", "orig": text})
        shard.append(x)
        size += len(x)
        if size > SHARD or n == len(found) - 1:
            with sf.SoundFile(out / f"text-{number:03d}.ogg", "w", RATE, 1, format="OGG", subtype="VORBIS") as f:
                for part in shard:
                    f.write(part)
            shard, size, number = [], 0, number + 1
    (out / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf8")
    print(f"{len(lines)} of {len(texts)} sentences, {sum(len(x) for _, x in found) / RATE / 60:.1f} min")


if __name__ == "__main__":
    main()
