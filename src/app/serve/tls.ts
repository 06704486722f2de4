// The certificate of a server and its key, from files, read again when asked: a certificate lives for weeks, streams for days.

import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { engineError } from '../../base/errors.ts';
import { usage } from '../usage.ts';

export interface TlsFlags {
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** undefined: no TLS is asked for. @throws ERR_USAGE, ERR_CONFIG_INVALID */
export async function readCertificate({ tlsCert, tlsKey }: TlsFlags): Promise<Certificate | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw usage('--tls-cert and --tls-key go together', 'both of them, or neither');
  }
  const expected = 'a certificate chain and its key, both PEM';
  try {
    const [cert, key] = await Promise.all([readFile(tlsCert), readFile(tlsKey)]);
    createSecureContext({ cert, key }); // throws when they do not belong together
    return { cert, key };
  } catch (cause) {
    const message = 'the files of --tls-cert and --tls-key cannot be used';
    throw engineError('ERR_CONFIG_INVALID', message, { expected, cause });
  }
}
