// A client that knows nothing but docs/protocol.md and the package `ws`: a WAV file (16 bits, a plain header of 44 bytes) to
// `vad`, with a tenth of a second declared missing; every message printed once, the digest checked against its own. With a
// third argument, as a resumable stream that outlives its connections.
//   node raw-client.mjs ws://127.0.0.1:8080/v1/stream speech.wav [resume]

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';

const [url, path, resumable] = process.argv.slice(2);
const wav = readFileSync(path);
const format = { encoding: 'pcm_s16le', rate: wav.readUInt32LE(24), channels: wav.readUInt16LE(22) };
const audio = wav.subarray(44);
const rowBytes = 2 * format.channels;
const messageBytes = (format.rate / 50) * rowBytes; // 20 ms
const MISSING = [3 * format.rate, 3.1 * format.rate]; // rows
const AGAIN = [1001, 1005, 1006, 1011, 1012, 1013, 4408]; // 1005, 1006: lost without a word

let token; // of the latest `ready`
let nextSeq = 0; // of the first result that has not come
let gapsTo = 0; // rows before it are in gaps that were printed

let chain = Buffer.alloc(32);
let gap; // not in the chain yet: the next may join it
function link(header, values = []) {
  const numbers = Buffer.from(Float32Array.from(values, (value) => value ?? Number.NaN).buffer);
  chain = createHash('sha256').update(chain).update(`${header}\n`).update(numbers).digest();
}
function endGap() {
  if (gap) link(`gap ${gap.from} ${gap.to} ${gap.why}`);
  gap = undefined;
}
function addGap({ from, to, why }) {
  if (gap?.to === from && gap.why === why) gap.to = to;
  else {
    endGap();
    gap = { from, to, why };
  }
}
function addResult({ op, from, to, data }) {
  endGap();
  link(`${op} ${from} ${to} ${Object.keys(data).join(' ')}`, Object.values(data));
}

function talk() {
  const socket = new WebSocket(url, ['millrace.v1']);
  let credit = 0;
  let sent = 0; // bytes of the recording
  let acked = 0;
  let closing = false;
  const send = () => {
    while (sent < audio.length && sent - acked + messageBytes <= credit) {
      const row = sent / rowBytes;
      if (row >= MISSING[0] && row < MISSING[1]) {
        socket.send(JSON.stringify({ type: 'gap', from: row, to: MISSING[1], why: 'as an example' }));
        sent = MISSING[1] * rowBytes;
        continue;
      }
      const until = row < MISSING[0] ? MISSING[0] * rowBytes : audio.length;
      const message = audio.subarray(sent, Math.min(sent + messageBytes, until));
      socket.send(message);
      sent += message.length;
    }
    if (sent < audio.length || closing) return;
    closing = true;
    socket.send('{"type":"close"}');
  };
  socket.on('open', () => {
    const resume = resumable ? { resume: token ? { token, seq: nextSeq } : true } : {};
    socket.send(JSON.stringify({ type: 'start', v: 1, pipeline: 'vad', format, ...resume }));
  });
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    switch (message.type) {
      case 'ready':
        credit = message.credit;
        sent = acked = message.offset * rowBytes;
        token = message.resume?.token;
        send();
        break;
      case 'ack':
        credit = message.credit;
        acked = message.offset * rowBytes;
        send();
        break;
      case 'result':
        if (message.seq < nextSeq) break;
        nextSeq = message.seq + 1;
        addResult(message);
        console.log(JSON.stringify(message));
        if (resumable && nextSeq % 100 === 0) socket.send(JSON.stringify({ type: 'received', seq: nextSeq }));
        break;
      case 'gap':
        if (message.to <= gapsTo) break;
        message.from = Math.max(message.from, gapsTo);
        gapsTo = message.to;
        addGap(message);
        console.log(JSON.stringify(message));
        break;
      case 'end':
        endGap();
        if (message.digest !== `sha256:${chain.toString('hex')}`) throw new Error('another digest than mine');
        console.log(JSON.stringify(message));
        break;
      case 'error':
        console.error(JSON.stringify(message));
    }
  });
  socket.on('error', () => undefined); // its close follows
  socket.on('close', (code) => {
    if (code === 1000) return;
    if (resumable && AGAIN.includes(code)) setTimeout(talk, 100 * Math.random());
    else process.exitCode = 1;
  });
}
talk();
