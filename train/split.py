"""Which clips are development's: decided by the manifest alone, so that every recipe holds out the same.

Needs nothing but Python.
"""
import re
from collections import defaultdict


def group(item, i):
    """Clips that must not be parted between train and dev: one recording, one synthetic item."""
    if item["kind"] == "speech":
        return item["speaker"]
    found = re.match(r"\d-(\d+)-", item["orig"])
    return f"{item['type']}/{found.group(1) if found else item['orig'] if item['orig'] != 'noise.py' else i}"


def held_out(items):
    """Every eighth unnamed speaker, and every eighth recording within each noise type.

    The five named speakers stay in training: they are most of the minutes. A type of one
    recording (some ambiences) stays in training too, but for two of them.
    """
    speakers = sorted({i["speaker"] for i in items if i["kind"] == "speech" and "-c" in i["speaker"]})
    held = set(speakers[3::8])
    types = defaultdict(list)
    for n, item in enumerate(items):
        if item["kind"] == "noise" and group(item, n) not in types[item["type"]]:
            types[item["type"]].append(group(item, n))
    for name, groups in sorted(types.items()):
        groups.sort()
        if len(groups) > 1:
            held.update(groups[len(groups) // 2::8])
        elif name in ("ambience-summer-night", "ambience-boat"):
            held.update(groups)
    return held
