// Whom an address stands for when it is counted: an IPv4 address for itself, in whatever form it comes; an IPv6 one for its
// first 64 bits, since a single customer has all of those.

import { isIPv6 } from 'node:net';

const GROUPS = 8;
const COUNTED_GROUPS = 4;

export function countedAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : Math.max(0, GROUPS - before.length - after.length);
  const groups = [...before, ...new Array<string>(zeros).fill('0'), ...after];
  const counted = groups.slice(0, COUNTED_GROUPS).map((group) => Number.parseInt(group, 16).toString(16));
  return `${counted.join(':')}::/64`;
}
