// What a Sparkplug B host must remember of its edge nodes: who is born, which alias means which metric, and the sequence
// number to come. A lost message may have been a birth, so after a hole nothing of the node is believed until it is born
// again, which is asked for. Rules: Sparkplug 3.0, "Operational Behavior"; what follows from them here: docs/sensors.md.

import { malformed, type Reading } from '../reading.ts';
import { decodePayload, metricValue, rebirthCommand, type SparkplugMetric, type SparkplugPayload } from './payload.ts';
import { readTopic, type SparkplugTopic } from './topic.ts';

export type SparkplugEvent = 'message_lost' | 'node_unknown' | 'alias_unknown' | 'death' | 'stale_death';

export interface Heard {
  readonly readings: readonly Reading[];
  readonly events: readonly SparkplugEvent[];
  /** A command to be published, at most one a node in REBIRTH_US. */
  readonly rebirth?: { readonly topic: string; readonly payload: Uint8Array };
}

export interface EdgeNodes {
  /** @throws ERR_ROW_MALFORMED for bytes that are no payload, or a message without its sequence number */
  hear(topic: string, bytes: Uint8Array, nowUs: number): Heard;
}

/** An edge node that does not answer is asked again after so long. */
const REBIRTH_US = 10_000_000;
/** Edge nodes that are remembered, some 1 kB each beside their quantities: names can be made up without end. */
const NODES_MAX = 65_536;
/** Names that are the protocol's own and no quantities. */
const CONTROL = /^(bdSeq$|Node Control\/|Device Control\/|Properties\/)/;

interface Known {
  readonly series: string;
  readonly column: string;
  readonly datatype: number | undefined;
}
interface Node {
  born: boolean;
  birth: number | undefined; // bdSeq
  next: number; // seq of the message to come
  askedUs: number;
  aliases: Map<string, Known>;
  /** By series, by name. */
  columns: Map<string, Map<string, Known>>;
}

const NOTHING: Heard = { readings: [], events: [] };

/** @param nodesMax beyond it the one whose birth, or first word without one, is longest ago is a stranger again */
export function createEdgeNodes(nodesMax = NODES_MAX): EdgeNodes {
  const nodes = new Map<string, Node>();
  function remember(name: string, node: Node): void {
    nodes.delete(name); // last remembered goes last
    nodes.set(name, node);
    if (nodes.size > nodesMax) for (const oldest of nodes.keys()) return void nodes.delete(oldest);
  }
  return {
    hear(name, bytes, nowUs) {
      const topic = readTopic(name);
      if (!topic) return NOTHING;
      const payload = decodePayload(bytes);
      const node = nodes.get(topic.node) ?? unborn();
      if (topic.type === 'NBIRTH' || !nodes.has(topic.node)) remember(topic.node, node);
      if (topic.type === 'NDEATH') return nodeDeath(node, payload, nowUs);
      if (topic.type === 'NBIRTH') return nodeBirth(node, topic, payload, nowUs);
      if (!node.born) return askAgain(node, topic, ['node_unknown'], nowUs);
      if (seqOf(payload) !== node.next) {
        node.born = false;
        return askAgain(node, topic, ['message_lost'], nowUs);
      }
      node.next = (node.next + 1) % 256;
      const series = `${topic.node}/${topic.device ?? ''}`.replace(/\/$/, '');
      if (topic.type === 'DDEATH') {
        const readings = missing(node, series, nowUs);
        forget(node, series); // what comes before its next birth is of a device that nobody knows
        return { readings, events: ['death'] };
      }
      if (topic.type === 'DBIRTH') return { readings: learn(node, series, payload, nowUs), events: [] };
      return data(node, topic, series, payload, nowUs);
    },
  };
}

const unborn = (): Node => ({
  born: false,
  birth: undefined,
  next: 0,
  askedUs: -Infinity,
  aliases: new Map(),
  columns: new Map(),
});

function nodeBirth(node: Node, topic: SparkplugTopic, payload: SparkplugPayload, nowUs: number): Heard {
  const seq = seqOf(payload);
  Object.assign(node, unborn(), { born: true, birth: birthOf(payload), next: (seq + 1) % 256 });
  return { readings: learn(node, topic.node, payload, nowUs), events: [] };
}

/** A will that a broker sends late, of a connection before the present one, says nothing of the present one. */
function nodeDeath(node: Node, payload: SparkplugPayload, nowUs: number): Heard {
  const birth = birthOf(payload);
  if (!node.born || (birth !== undefined && node.birth !== undefined && birth !== node.birth)) {
    return { readings: [], events: ['stale_death'] };
  }
  node.born = false;
  return { readings: [...node.columns.keys()].flatMap((series) => missing(node, series, nowUs)), events: ['death'] };
}

function data(node: Node, topic: SparkplugTopic, series: string, payload: SparkplugPayload, nowUs: number): Heard {
  const readings: Reading[] = [];
  let unknown = false;
  for (const metric of payload.metrics) {
    const known =
      metric.name === undefined ? node.aliases.get(metric.alias ?? '') : node.columns.get(series)?.get(metric.name);
    if (known) push(readings, metric, known, payload, nowUs);
    else if (!CONTROL.test(metric.name ?? '')) unknown = true;
  }
  return unknown ? askAgain(node, topic, ['alias_unknown'], nowUs, readings) : { readings, events: [] };
}

/** What a device or a node was born with: its aliases may be another's next. */
function forget(node: Node, series: string): void {
  node.columns.delete(series);
  for (const [alias, known] of node.aliases) if (known.series === series) node.aliases.delete(alias);
}

/** The metrics of a birth: what they are called from now on, and their values. */
function learn(node: Node, series: string, payload: SparkplugPayload, nowUs: number): Reading[] {
  forget(node, series);
  const columns = new Map<string, Known>();
  const readings: Reading[] = [];
  for (const metric of payload.metrics) {
    const { name, alias, datatype } = metric;
    if (name === undefined) continue;
    const known = { series, column: name, datatype };
    columns.set(name, known);
    if (alias !== undefined) node.aliases.set(alias, known);
    if (!CONTROL.test(name)) push(readings, metric, known, payload, nowUs);
  }
  node.columns.set(series, columns);
  return readings;
}

function push(into: Reading[], metric: SparkplugMetric, known: Known, payload: SparkplugPayload, nowUs: number): void {
  const value = metricValue(metric, metric.datatype ?? known.datatype);
  if (value === undefined) return;
  const ms = metric.timestamp ?? payload.timestamp;
  const time = ms === undefined ? nowUs : ms * 1000;
  if (!Number.isSafeInteger(time)) throw malformed('the payload, timestamp', 'out of range', 'ms since 1970');
  into.push({ series: known.series, column: known.column, time, value });
}

/** All columns of a device or a node as missing from now on. */
function missing(node: Node, series: string, nowUs: number): Reading[] {
  return [...(node.columns.get(series)?.values() ?? [])]
    .filter(({ column, datatype }) => !CONTROL.test(column) && (datatype === undefined || datatype <= 11))
    .map(({ column }) => ({ series, column, time: nowUs, value: Number.NaN }));
}

function askAgain(
  node: Node,
  { commands }: SparkplugTopic,
  events: readonly SparkplugEvent[],
  nowUs: number,
  readings: readonly Reading[] = [],
): Heard {
  if (nowUs - node.askedUs < REBIRTH_US) return { readings, events };
  node.askedUs = nowUs;
  return { readings, events, rebirth: { topic: commands, payload: rebirthCommand(Math.floor(nowUs / 1000)) } };
}

function seqOf({ seq }: SparkplugPayload): number {
  if (seq !== undefined && seq >= 0 && seq <= 255) return seq;
  throw malformed('the payload, seq', 'no sequence number', '0 to 255, one more with every message of an edge node');
}

function birthOf({ metrics }: SparkplugPayload): number | undefined {
  const found = metrics.find(({ name }) => name === 'bdSeq');
  return found && metricValue(found, found.datatype);
}
