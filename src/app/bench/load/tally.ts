// What a load counts while it runs; its slots write here. Histograms in microseconds.

import { createHistogram, type Histogram } from './histogram.ts';

export interface Tally {
  readonly sinceDue: Histogram;
  readonly sinceSent: Histogram;
  readonly late: Histogram;
  sent: number;
  answered: number;
  unsent: number;
  joined: number;
  broken: number;
  brokenWhy?: string;
}

export const createTally = (): Tally => ({
  sinceDue: createHistogram(),
  sinceSent: createHistogram(),
  late: createHistogram(),
  sent: 0,
  answered: 0,
  unsent: 0,
  joined: 0,
  broken: 0,
});
