// UL-UNAS (Rong et al. 2025, https://github.com/Xiaobin-Rong/ul-unas, MIT): GTCRN's successor, its streaming export.

import { openComplexSpectrumPeer } from './complex-spectrum-peer.ts';
import type { Peer } from './peer.ts';

export const openUlUnas = (file: string): Promise<Peer> =>
  openComplexSpectrumPeer('UL-UNAS', file, { conv_cache: [1, 5358], tfa_cache: [1, 402], inter_cache: [1, 1056] });
