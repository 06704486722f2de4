// Topics of Sparkplug B: spBv1.0/<group>/<type>/<edge node>[/<device>]. Only the types that a host reads.

const TYPES = ['NBIRTH', 'NDEATH', 'NDATA', 'DBIRTH', 'DDEATH', 'DDATA'] as const;
export type SparkplugType = (typeof TYPES)[number];

export interface SparkplugTopic {
  readonly type: SparkplugType;
  /** `<group>/<edge node>` */
  readonly node: string;
  readonly device: string | undefined;
  /** Where commands to the edge node go. */
  readonly commands: string;
}

/** Undefined for what is nothing to a host: commands, STATE, other topics. */
export function readTopic(topic: string): SparkplugTopic | undefined {
  const [namespace, group, type, node, device, ...more] = topic.split('/');
  const known = TYPES.find((one) => one === type);
  if (namespace !== 'spBv1.0' || !known || !group || !node || more.length > 0) return undefined;
  if (known.startsWith('D') !== (device !== undefined && device !== '')) return undefined;
  return { type: known, node: `${group}/${node}`, device, commands: `${namespace}/${group}/NCMD/${node}` };
}
