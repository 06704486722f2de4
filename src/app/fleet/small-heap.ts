// V8 told to keep little. By itself it lets garbage lie for speed that a row a second from each sensor does not need: 33 MB of
// young generation and as much of old, with 1,000 sensors. Both flags are read whenever V8 decides, so they may come late.

import { setFlagsFromString } from 'node:v8';

export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1'); // the young generation stays as it is
  setFlagsFromString('--optimize-for-size'); // the old one is collected after 2 MB, or a third, of growth
}
