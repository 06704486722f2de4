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
const PORT_MAX = 65_535;
const EXPECTED = 'mqtt://host/topic, mqtts://user:password@host:8883/sensors/+/temperature';

export const isMqtt = (text: string): boolean => /^mqtts?:\/\//.test(text);

/** @param wildcards whether + and # may stand in the topic   @throws ERR_USAGE */
export function readMqttAddress(text: string, wildcards: boolean): MqttAddress {
  const found = ADDRESS.exec(text);
  if (!found) throw engineError('ERR_USAGE', 'not an MQTT address with a topic', { expected: EXPECTED });
  const [, scheme, login, host, port, topic] = found;
  checkTopic(topic!, wildcards);
  const place = `${scheme}://${host}${port === undefined ? '' : `:${port}`}`;
  if (port !== undefined && (Number(port) < 1 || Number(port) > PORT_MAX)) {
    throw engineError('ERR_USAGE', `${place} has no such port`, { expected: `a port from 1 to ${PORT_MAX}` });
  }
  return { url: place, ...readLogin(login), topic: topic!, shown: `${place}/${topic}` };
}

/** Nothing of it is in an error. */
function readLogin(login: string | undefined): { readonly username?: string; readonly password?: string } {
  if (!login) return {};
  const at = login.indexOf(':');
  const [name, word] = at < 0 ? [login] : [login.slice(0, at), login.slice(at + 1)];
  const expected = 'user:password, percent-encoded where they hold : / @ or %; no password without a user';
  const wrong = (cause?: unknown) =>
    engineError('ERR_USAGE', 'the user and password of the MQTT address cannot be read', { expected, cause });
  if (!name) throw wrong(); // MQTT 3.1.1, 3.1.2.9
  try {
    const username = decodeURIComponent(name);
    return word === undefined ? { username } : { username, password: decodeURIComponent(word) };
  } catch (cause) {
    throw wrong(cause);
  }
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

/** A subscription that several clients share (MQTT 5, 4.8.2) is to what follows its name. */
const SHARED = /^\$share\/[^/]+\//;

/** Whether a filter matches something below a topic, which is then a loop if that is where results go. */
export function coversBelow(filter: string, topic: string): boolean {
  const levels = filter.replace(SHARED, '').split('/');
  const below = topic.split('/');
  for (const [i, level] of levels.entries()) {
    if (level === '#') return true;
    if (i >= below.length) return true; // levels of a stream's name, whatever they are
    if (level !== '+' && level !== below[i]) return false;
  }
  return false;
}
