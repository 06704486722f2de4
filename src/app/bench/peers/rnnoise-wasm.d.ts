// The package has no types of its own. rnnoise.ts says what of it is used.
declare module '@echogarden/rnnoise-wasm' {
  const load: () => Promise<unknown>;
  export default load;
}
