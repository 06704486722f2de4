"""Two recordings above each other as spectrograms, 0 to 8 kHz: make-spectrogram.py before.wav after.wav out.png

What docs/images/denoise.png was made with. Needs numpy.
"""
import struct
import sys
import wave
import zlib
import numpy as np

SIZE, HOP, FLOOR_DB, RANGE_DB = 256, 320, -70, 80


def levels(path):
    with wave.open(path) as sound:
        x = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768
    frames = np.lib.stride_tricks.sliding_window_view(x, SIZE)[::HOP] * np.hanning(SIZE)
    return 20 * np.log10(np.abs(np.fft.rfft(frames)) + 1e-5).T[::-1]


def chunk(name, data):
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


before, after = levels(sys.argv[1]), levels(sys.argv[2])
line = np.full((4, before.shape[1]), FLOOR_DB + RANGE_DB)
picture = np.clip((np.concatenate([before, line, after]) - FLOOR_DB) / RANGE_DB, 0, 1)
picture = (np.round(picture * 31) * 8).astype("u1")
header = struct.pack(">IIBBBBB", picture.shape[1], picture.shape[0], 8, 0, 0, 0, 0)
rows = b"".join(b"\0" + row.tobytes() for row in picture)
with open(sys.argv[3], "wb") as out:
    out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))
