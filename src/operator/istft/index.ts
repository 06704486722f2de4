export { type IstftOptions, istft } from './istft.ts';
