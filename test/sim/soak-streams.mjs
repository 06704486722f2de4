// What the streams of a soak carry: a few kinds of pipeline, each with rows that follow from their number alone, so that a
// client that comes back can send again what is wanted, and all streams of a kind and length must have one digest.

import { readFileSync } from 'node:fs';

const HEADER_BYTES = 44;
const SENSOR_HZ = 2;
const AUDIO = { encoding: 'pcm_s16le', rate: 16_000, channels: 1 };
const SENSOR = { encoding: 'f32le', rate: SENSOR_HZ, channels: 1 };

/** Of 48 streams: 2 vad, 1 denoise, 21 anomaly, 24 forecast. 300 of them want a third of a busy core. */
export function kindOf(index, kinds) {
  const place = index % 48;
  if (place % 24 === 0) return kinds.vad;
  if (place === 4) return kinds.denoise;
  return place % 2 === 0 ? kinds.anomaly : kinds.forecast;
}

/** @param recording a wav of 16 kHz, mono, 16 bit, with a plain header; played round and round */
export function makeKinds(recording) {
  const bytes = new Uint8Array(readFileSync(recording)).slice(HEADER_BYTES);
  const samples = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
  const speech = (from, to) => Int16Array.from({ length: to - from }, (_, i) => samples[(from + i) % samples.length]);
  const audio = { format: AUDIO, rateHz: AUDIO.rate, pieceRows: 1600, piece: speech, contiguous: true };
  const sensor = { format: SENSOR, rateHz: SENSOR_HZ, pieceRows: 2, piece: sensorRows, contiguous: false };
  return {
    vad: { name: 'vad', ...audio },
    denoise: { name: 'denoise', options: { model: 'small' }, ...audio },
    anomaly: { name: 'anomaly', options: { readings: 'on' }, ...sensor },
    forecast: { name: 'forecast', options: { size: 'small', horizon: 6 }, ...sensor },
  };
}

/** A day of 240 rows, and a ripple that no season explains. */
function sensorRows(from, to) {
  return Float32Array.from({ length: to - from }, (_, i) => {
    const row = from + i;
    return Math.fround(20 + 5 * Math.sin((2 * Math.PI * row) / 240) + ((row * 7919) % 101) / 101);
  });
}
