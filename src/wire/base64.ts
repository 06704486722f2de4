// Bytes as base64, for browsers and Node alike (Uint8Array.toBase64 is too new for both). Standard alphabet, padded.

/** Arguments per String.fromCharCode call; engines limit them to some 65 thousand. */
const PIECE = 8192;

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += PIECE) {
    binary += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  }
  return btoa(binary);
}

/** @throws whatever `atob` throws for text that is not base64 */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
