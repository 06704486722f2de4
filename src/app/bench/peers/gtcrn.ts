// GTCRN (Rong et al. 2024, https://github.com/Xiaobin-Rong/gtcrn, MIT): 24 k parameters, its streaming export.

import { openComplexSpectrumPeer } from './complex-spectrum-peer.ts';
import type { Peer } from './peer.ts';

export const openGtcrn = (file: string): Promise<Peer> =>
  openComplexSpectrumPeer('GTCRN', file, {
    conv_cache: [2, 1, 16, 16, 33],
    tra_cache: [2, 3, 1, 1, 16],
    inter_cache: [2, 1, 33, 16],
  });
