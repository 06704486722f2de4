export { type StftOptions, stft } from './stft.ts';
