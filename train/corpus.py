"""The recordings as a few flat arrays: decode once, keep in one npz, hold whole in (GPU) memory.

corpus.py --data <audio folder> [--data <another>] --to corpus.npz [--only 400]
Every clip begins on a multiple of 160 samples; clips of one voice follow each other, so that a run of
samples is a person who goes on talking. Nothing below eval/ is opened. `--only` keeps some clips (tests).
"""
import argparse
import ctypes
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
from split import group, held_out

RATE, HOP = 16000, 160
AMBIGUOUS = ("syn-babble", "music", "esc-baby cry")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORDS = ("alexa", "amelia", "athena", "computer", "eight", "five", "four", "jarvis", "nine", "one",
         "seven", "six", "smart mirror", "snowboy", "three", "two", "view glass", "zero")


class _Info(ctypes.Structure):
    _fields_ = [("frames", ctypes.c_int64), ("rate", ctypes.c_int), ("channels", ctypes.c_int),
                ("format", ctypes.c_int), ("sections", ctypes.c_int), ("seekable", ctypes.c_int)]


def decode(path):
    """A mono sound file as int16, through libsndfile (SNDFILE names the library) or soundfile."""
    library = os.environ.get("SNDFILE")
    if not library:
        import soundfile as sf
        with sf.SoundFile(path) as f:
            # In pieces: libsndfile overflows its stack on very long Vorbis reads.
            return np.concatenate(list(f.blocks(RATE * 60, dtype="int16")))
    lib = ctypes.CDLL(library)
    lib.sf_open.restype = ctypes.c_void_p
    lib.sf_readf_short.restype = ctypes.c_int64
    info, parts = _Info(), []
    handle = ctypes.c_void_p(lib.sf_open(str(path).encode(), 0x10, ctypes.byref(info)))
    assert handle.value and info.channels == 1 and info.rate == RATE, path
    while True:
        block = np.empty(RATE * 60, np.int16)
        got = lib.sf_readf_short(handle, block.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(len(block)))
        if got <= 0:
            break
        parts.append(block[:got])
    lib.sf_close(handle)
    return np.concatenate(parts)


def activity(x):
    """Clip [n] int16 -> codes uint8 [n // 160]: 1 speech, 2 a pause shorter than 200 ms, 0 neither.

    10 ms energy over -35 dB of the clip's peak, widened by 3 frames each side: the rule of the evaluation
    scenes. A listener does not hear a plosive's closure as an end of speech, hence code 2.
    """
    n = len(x) // HOP
    energy = np.square(x[:n * HOP], dtype=np.float64).reshape(n, HOP).sum(1)
    on = np.pad(energy > max(energy.max(), 1) * 10 ** -3.5, 3)
    on = np.lib.stride_tricks.sliding_window_view(on, 7).any(1)
    codes, at = on.astype(np.uint8), np.flatnonzero(on)
    for a, b in zip(at[:-1], at[1:]):
        if 1 < b - a <= 20:
            codes[a + 1:b] = 2
    return codes


def lay(clips, speech):
    """Clips [(sound, id)] -> audio int16, codes uint8 a hop, starts, lengths, ids."""
    audio, codes, starts, at = [], [], [], 0
    for x, _ in clips:
        pad = np.zeros(-len(x) % HOP, np.int16)
        x = np.concatenate([x, pad])
        audio.append(x)
        codes.append(activity(x) if speech else np.zeros(len(x) // HOP, np.uint8))
        starts.append(at)
        at += len(x)
    return {"audio": np.concatenate(audio), "codes": np.concatenate(codes), "start": np.array(starts),
            "length": np.array([len(x) for x, _ in clips]), "id": np.array([i for _, i in clips])}


def manifest(folders):
    """The clips of the audio folders, each with `file` as a whole path and `split`.

    The first folder is split by split.py, by its manifest alone: its dev clips are the same whatever stands beside
    it. All of the further folders is training's.
    """
    found = []
    for n, folder in enumerate(folders):
        items = [json.loads(line) for line in open(folder / "manifest.jsonl", encoding="utf8")]
        held = held_out(items) if n == 0 else set()
        found += [{**item, "file": str(folder / item["file"]), "split": "dev" if group(item, i) in held else "train"}
                  for i, item in enumerate(items)]
    return found


def shards(folder, items):
    """Decodes the files of a manifest, in threads."""
    names = sorted({item["file"] for item in items if (folder / item["file"]).exists()})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(names, pool.map(lambda name: decode(folder / name), names)))


def thin(items, only):
    """About `only` items, all kinds and splits among them."""
    return items if not only or len(items) <= only else items[::max(1, len(items) // only)]


def numbered(item):
    """Whether a text is known and has one of the digits in it: no good as "none of the words"."""
    return bool(set(re.findall("[a-z]+", item.get("text", "").lower())) & set(NUMBERS))


def build(data, only=None, say=None):
    """All parts of the audio folders `data` as one flat dict of arrays, `<part>.<split>.<field>`, and the names of ids.
    Words to be spotted are the first folder's."""
    folders, found = [Path(d) for d in data], {}
    items = thin(manifest([f / "train" for f in folders]), only)
    sound = shards(Path(), items)
    items = [i for i in items if i["file"] in sound]
    cut = lambda i: sound[i["file"]][i["offset"]:i["offset"] + i["samples"]]
    speakers = sorted({i["speaker"] for i in items if i["kind"] == "speech"})
    types = sorted({i["type"] for i in items if i["kind"] == "noise"})
    for split in ("train", "dev"):
        mine = [i for i in items if i["split"] == split]
        talk = sorted((i for i in mine if i["kind"] == "speech"), key=lambda i: i["speaker"])
        noise = [i for i in mine if i["kind"] == "noise" and i["samples"] >= RATE // 2]
        people = [i for i in talk if i["source"] != "synthesised"]
        part = {"speech": lay([(cut(i), speakers.index(i["speaker"])) for i in people], True),
                # Speech without the words to be spotted (asterisk-en counts): what keyword models call something else.
                "other": lay([(cut(i), speakers.index(i["speaker"])) for i in talk
                              if i["source"] not in ("pico_wake", "precise", "asterisk-en") and not numbered(i)], True),
                "noise": lay([(cut(i), types.index(i["type"])) for i in noise], False)}
        found.update({f"{name}.{split}.{k}": v for name, p in part.items() for k, v in p.items()})
    found.update(speakers=np.array(speakers), types=np.array(types), words=np.array(WORDS),
                 sources=np.array(sorted({i["source"] for i in items})))
    prompts = [(cut(i), NUMBERS[int(i["orig"][-6])]) for i in items if re.search(r"Allison/digits/\d\.g722$", i["orig"])]
    found.update(keywords(folders[0] / "keywords", only, prompts, say))
    return found


def keywords(folder, only, prompts=(), say=None):
    """The words' clips: `id` into WORDS (-1: other speech), `label` into `labels` (every word there is; -1: none), `made`
    (by a synthesiser) and `held`. Every sixth speaker of a word is dev's alone; so few voices say digits that dev's
    digit voice is in training too, marked `held`: keywords.py keeps it from the net that measures unheard voices."""
    if not (folder / "manifest.jsonl").exists():
        return {}
    read = lambda path: [json.loads(line) for line in open(path / "manifest.jsonl", encoding="utf8")]
    items = [i for i in read(folder) if i["split"] == "train" and (i["word"] in WORDS or i["word"] == "_negative")]
    held = set(sorted({i["speaker"] for i in items if "fsdd" not in i["speaker"]})[2::6])
    # The four digit voices: one of them (its name sorts last) is the digits' development voice.
    digits = set(sorted({i["speaker"] for i in items if "fsdd" in i["speaker"]})[-1:])
    items = thin(items, only)
    sound, found = shards(folder, items), {}
    items = [i for i in items if i["file"] in sound]
    takes = thin(read(Path(say)), only) if say else []
    said = shards(Path(say), takes) if say else {}
    labels = list(WORDS) + sorted({i["word"] for i in takes} - set(WORDS))
    cut = lambda sound, i: sound[i["file"]][i["offset"]:i["offset"] + i["samples"]]
    for split in ("train", "dev"):
        mine = [(cut(sound, i), i["word"], False, i["speaker"] in digits) for i in items
                if (i["speaker"] in held | digits if split == "dev" else i["speaker"] not in held)]
        if split == "train":
            mine += [(x, word, False, False) for x, word in prompts]
            mine += [(cut(said, i), i["word"], True, False) for i in takes]
        clips = [(x, WORDS.index(word) if word in WORDS else -1) for x, word, _, _ in mine]
        part = lay(clips, True)
        part["label"] = np.array([labels.index(word) if word in labels else -1 for _, word, _, _ in mine])
        part["made"], part["held"] = (np.array([m[k] for m in mine]) for k in (2, 3))
        found.update({f"word.{split}.{k}": v for k, v in part.items()})
    found["labels"] = np.array(labels)
    return found


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True, action="append",
                   help="audio folder: holds train/, perhaps keywords/; given again: more for training alone")
    p.add_argument("--to", required=True)
    p.add_argument("--say", help="folder of say.py: synthesised words, for training only")
    p.add_argument("--only", type=int, help="keep about so many clips of each manifest")
    args = p.parse_args()
    found = build(args.data, args.only, args.say)
    np.savez(args.to, **found)
    for name, value in found.items():
        if name.endswith(".audio"):
            print(f"{name}: {len(value) / RATE / 60:.1f} min, {len(found[name[:-5] + 'start'])} clips")


if __name__ == "__main__":
    main()
