// Opens what `millrace run --in` names, where it brings the messages of many sensors: a broker, a port, a pipe, a file. What
// only one of them needs is loaded with it.

import { randomUUID } from 'node:crypto';
import type { MessageSource } from '../../transport/message-source.ts';
import { readMqttAddress } from '../../transport/mqtt/mqtt-address.ts';
import type { FleetFlags } from '../commands/fleet-flags.ts';

/** @param clientId absent: the broker forgets us when we go */
export async function openMessageSource(flags: FleetFlags, clientId: string | undefined): Promise<MessageSource> {
  const { mqttSource } = await import('../../transport/mqtt/mqtt-source.ts');
  return mqttSource({
    address: readMqttAddress(flags.in, true),
    clientId: clientId ?? `millrace-${randomUUID()}`,
    remembered: clientId !== undefined,
  });
}
