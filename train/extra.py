"""More speech and noise for training, out of freely licensed Debian packages: an audio folder like the first.

extra.py --to <audio folder> [--cache <folder>] [--only festvox-ru,scratch]
Needs `apt-get download`, dpkg-deb, numpy, soundfile (libsndfile 1.1 or later, for MP3). extra.md says what every source
is, whose and under which licence, and what was left out. corpus.py reads the folder beside the first; all is training's.
"""
import argparse
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
import numpy as np
import soundfile as sf
from extra_sources import SOURCES

RATE, SHARD = 16000, 16000 * 600


def fetch(package, cache):
    """A package's file in the cache, downloaded if it is not there."""
    if not any(cache.glob(f"{package}_*.deb")):
        subprocess.run(["apt-get", "download", "-q", package], cwd=cache, check=True)
    return next(cache.glob(f"{package}_*.deb"))


def members(deb, patterns):
    """(path, bytes) of a package's files that match one of the patterns."""
    tar = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE)
    with tarfile.open(fileobj=tar.stdout, mode="r|") as files:
        for f in files:
            if f.isfile() and any(re.search(p, f.name) for p in patterns):
                yield f.name, files.extractfile(f).read()
            elif f.isfile() and f.name.endswith("public.zip"):
                with tempfile.TemporaryFile() as whole:
                    shutil.copyfileobj(files.extractfile(f), whole)
                    with zipfile.ZipFile(whole) as inner:
                        yield from ((f"{f.name}/{n}", inner.read(n)) for n in inner.namelist() if any(re.search(p, n) for p in patterns))


def recordings(name, blob):
    """A file as (name, samples [n, channels], rate): OpenTTD's .cat is many WAVs, all others are one."""
    parts = [(name, blob)]
    if name.endswith(".cat"):
        at = [m.start() for m in re.finditer(b"RIFF....WAVE", blob, re.S)]
        parts = [(f"{name}#{i}", blob[a:a + 8 + int.from_bytes(blob[a + 4:a + 8], "little")]) for i, a in enumerate(at)]
    for label, part in parts:
        try:
            yield label, *sf.read(BytesIO(part), dtype="float32", always_2d=True)
        except sf.LibsndfileError:
            print("cannot decode", label)


def quick(n, step=1):
    """The least multiple of step, step times 2, 3 and 5s, that is not under n: a length that transforms quickly."""
    return step * min(2 ** a * 3 ** b * 5 ** c for b in range(4) for c in range(3)
                      for a in [max(0, int(np.ceil(np.log2(n / step / 3 ** b / 5 ** c))))])


def resample(x, rate):
    """To 16 kHz: the spectrum is cut (or widened) as a whole, a cosine slope over its uppermost 4 %."""
    if rate == RATE or len(x) < 64:
        return x
    n = quick(len(x) + rate // 10, 441)
    spectrum = np.fft.rfft(np.pad(x, (rate // 20, n - len(x) - rate // 20)))
    m = int(round(n * RATE / rate))
    keep = min(m, n) // 2 + 1
    slope = np.minimum(1, (keep - 1 - np.arange(keep)) / max(1, .04 * keep))
    out = np.zeros(m // 2 + 1, complex)
    out[:keep] = spectrum[:keep] * (.5 - .5 * np.cos(np.pi * slope))
    y, start = np.fft.irfft(out, m) * (m / n), RATE // 20
    return y[start:start + int(len(x) * RATE / rate)].astype(np.float32)


def levels(x):
    """Level of every 10 ms in dB."""
    n = len(x) // 160
    return 10 * np.log10(np.square(x[:n * 160]).reshape(n, 160).mean(1) + 1e-12)


def tidy(x, speech):
    """Mono 16 kHz of peak .7 without offset; silence outside cut off, silence inside of over .5 s cut to .3 s."""
    n = quick(len(x) + RATE // 10)
    spectrum = np.fft.rfft(x, n)
    spectrum[:int(20 * n / RATE) + 1] = 0
    x = np.fft.irfft(spectrum, n)[:len(x)].astype(np.float32)
    x *= .7 / max(np.abs(x).max(), 1e-9)
    e = levels(x)
    loud = np.flatnonzero(e > (e.max() - 42 if speech else max(e.max() - 60, -72))) if len(e) else []
    if not len(loud):
        return x[:0]
    pieces, last = [], max(loud[0] - 6, 0)
    for a, b in zip(loud[:-1], loud[1:]):
        if b - a > 50:
            pieces.append(x[last * 160:(a + 15) * 160])
            last = b - 15
    pieces.append(x[last * 160:(loud[-1] + (6 if speech else 2)) * 160])
    out, fade = pieces[0], np.linspace(0, 1, 160, dtype=np.float32)
    for p in pieces[1:]:
        out = np.concatenate([out[:-160], out[-160:] * (1 - fade) + p[:160] * fade, p[160:]])
    return out


def cut(clips, rng):
    """Noise clips of 2 to 20 s: long ones in even pieces, short events strung together with 20 to 300 ms between."""
    out, run, names = [], [], []
    for name, x in clips:
        if len(x) >= 2 * RATE:
            out += [(f"{name}@{i}", piece) for i, piece in enumerate(np.array_split(x, -(-len(x) // (20 * RATE))))]
            continue
        run += [x, np.zeros(rng.integers(320, 4800), np.float32)]
        names.append(name.split("/")[-1])
        if sum(map(len, run)) > 8 * RATE:
            out.append(("+".join(names), np.concatenate(run)))
            run, names = [], []
    if sum(map(len, run)) > RATE:
        out.append(("+".join(names), np.concatenate(run)))
    return out


def clips(source, files, rng):
    """One source's clips (orig, samples, snr), as many as its minutes allow, long recordings in turn."""
    _, _, kind, _, _, pattern, minutes, seconds = source
    found, seen = [], set()
    for path, blob in files:
        if not re.search(pattern, path):
            continue
        for name, x, rate in recordings(path, blob):
            if len(x) < rate * .05 or len(x) > rate * 900:
                continue
            # Game music begins softly and repeats: its middle says more.
            x = x.mean(1)[max(0, (len(x) - rate * seconds) // 2):][:rate * seconds]
            y = tidy(resample(x, rate), kind == "speech")
            if len(y) < 800 or (key := (len(y), float(np.abs(y).sum().round(1)))) in seen:
                continue
            seen.add(key)
            found.append((name, y))
    if kind == "noise":
        found = cut(found, rng)
    total, kept = 0, []
    for name, y in (found[i] for i in (rng.permutation(len(found)) if kind == "noise" else range(len(found)))):
        e = levels(y)
        snr = float(np.percentile(e, 90) - np.percentile(e, 3)) if kind == "speech" else None
        if total + len(y) <= minutes * 60 * RATE and len(y) >= RATE and (kind == "noise" or snr >= 35):
            total += len(y)
            kept.append((name, y, snr))
    return kept


def write(folder, items):
    """Shards of at most ten minutes, Vorbis, and the manifest; whose samples are the decoded ones'."""
    lines = []
    for kind in ("speech", "noise"):
        mine, number = [i for i in items if i[0]["kind"] == kind], 0
        while mine:
            at, sounds, name = 0, [], f"{kind}-{number:03}.ogg"
            while mine and (not sounds or at + len(mine[0][1]) < SHARD):
                item, x = mine.pop(0)
                lines.append({"file": name, "offset": at, "samples": len(x), **item})
                sounds.append(x)
                at += len(x)
            with sf.SoundFile(folder / name, "w", RATE, 1, format="OGG", subtype="VORBIS", compression_level=.45) as f:
                whole = np.concatenate(sounds)
                for a in range(0, len(whole), RATE * 5):
                    f.write(whole[a:a + RATE * 5])
            assert sf.info(folder / name).frames == at, name
            number += 1
    (folder / "manifest.jsonl").write_text("".join(json.dumps(i, ensure_ascii=False) + "\n" for i in lines), encoding="utf8")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--to", required=True, help="audio folder to make")
    p.add_argument("--cache", default="extra-packages", help="folder of downloaded packages")
    p.add_argument("--only", help="packages, by comma")
    args = p.parse_args()
    folder, cache, items = Path(args.to) / "train", Path(args.cache), []
    for path in (folder, cache):
        path.mkdir(parents=True, exist_ok=True)
    for package in dict.fromkeys(s[0] for s in SOURCES if not args.only or s[0] in args.only.split(",")):
        mine = [s for s in SOURCES if s[0] == package]
        files = sorted(members(fetch(package, cache), [s[5] for s in mine]))
        for s in mine:
            kept = clips(s, files, np.random.default_rng(5))
            for name, x, snr in kept:
                who = re.search(s[5], name).expand(s[3]) if s[2] == "speech" else s[3]
                item = {"kind": s[2], "speaker" if s[2] == "speech" else "type": who, "source": s[1],
                        "orig": name.removeprefix("./usr/share/"), "licence": s[4]}
                items.append(({**item, "snr": round(snr, 1)} if snr else item, x))
            print(f"{s[1]} {s[3]}: {sum(len(x) for _, x, _ in kept) / RATE / 60:.1f} min, {len(kept)} clips", flush=True)
    write(folder, items)


if __name__ == "__main__":
    main()
