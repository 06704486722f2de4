export { type MatchWordsOptions, matchWords, type Prototype } from './match-words.ts';
export { type EnrolledWords, readEnrolled } from './read-enrolled.ts';
