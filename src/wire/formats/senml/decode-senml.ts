// SenML in JSON (RFC 8428, section 5; `application/senml+json`, and a whole `application/sensml+json`). What the records mean:
// resolve-records.ts. CBOR: decode-senml-cbor.ts. XML and EXI are not read.

import { malformed, type Reading } from '../reading.ts';
import { resolveRecords } from './resolve-records.ts';

/**
 * @param nowUs what relative times are relative to
 * @throws ERR_ROW_MALFORMED naming the record and the field
 */
export function decodeSenml(text: string, nowUs: number): Reading[] {
  let pack: unknown;
  try {
    pack = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(malformed('the message', 'it is not JSON', 'a SenML pack in JSON'), { cause });
  }
  if (!Array.isArray(pack) || pack.length === 0) {
    throw malformed('the message', 'it is not a SenML pack', 'a JSON array of one record or more (RFC 8428)');
  }
  return resolveRecords(pack, nowUs);
}
