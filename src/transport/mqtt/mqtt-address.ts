// mqtt://[user:password@]host[:port]/topic and mqtts:// in the same form. Read by hand: to a URL, the # of `sensors/#` would
// begin a fragment. A name and a password are percent-encoded where they hold : / or @; a topic stands as it is.

import { engineError } from '../../base/errors.ts';

export interface MqttAddress {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** A filter to subscribe to, or where results go. */
  readonly topic: string;
  /** The address without name and password: for people. */
  readonly shown: string;
}

const ADDRESS = /^(mqtts?):\/\/(?:([^@/]*)@)?(\[[^\]/]+\]|[^:/@]+)(?::(\d{1,5}))?\/(.+)$/;
const EXPECTED = 'mqtt://host/topic, mqtts://user:password@host:8883/sensors/+/temperature';

export const isMqtt = (text: string): boolean => /^mqtts?:\/\//.test(text);

/** @param wildcards whether + and # may stand in the topic   @throws ERR_USAGE */
export function readMqttAddress(text: string, wildcards: boolean): MqttAddress {
  const found = ADDRESS.exec(text);
  if (!found) throw engineError('ERR_USAGE', 'not an MQTT address with a topic', { expected: EXPECTED });
  const [, scheme, login, host, port, topic] = found;
  checkTopic(topic!, wildcards);
  const place = `${scheme}://${host}${port === undefined ? '' : `:${port}`}`;
  const [username, ...password] = login === undefined ? [] : login.split(':');
  return {
    url: place,
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password.length > 0 ? { password: decodeURIComponent(password.join(':')) } : {}),
    topic: topic!,
    shown: `${place}/${topic}`,
  };
}

/** MQTT 3.1.1, 4.7: + is a whole level, # the last one. */
function checkTopic(topic: string, wildcards: boolean): void {
  const levels = topic.split('/');
  const sound = levels.every(
    (level, i) => !/[+#]/.test(level) || level === '+' || (level === '#' && i === levels.length - 1),
  );
  if (sound && (wildcards || !/[+#]/.test(topic)) && Buffer.byteLength(topic) <= 60_000) return;
  const expected = wildcards ? '+ for a whole level, # for all behind the last /' : 'a topic without + and #';
  throw engineError('ERR_USAGE', 'not an MQTT topic', { expected });
}

/** Whether a filter matches something below a topic, which is then a loop if that is where results go. */
export function coversBelow(filter: string, topic: string): boolean {
  const levels = filter.split('/');
  const below = topic.split('/');
  for (const [i, level] of levels.entries()) {
    if (level === '#') return true;
    if (i >= below.length) return true; // levels of a stream's name, whatever they are
    if (level !== '+' && level !== below[i]) return false;
  }
  return false;
}
