export { SETTLING } from './decide.ts';
export { loudness } from './loudness.ts';
export { type KeywordHeads, readWords } from './read-words.ts';
export { type SpotWordsOptions, spotWords } from './spot-words.ts';
