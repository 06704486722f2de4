// JSON as Python writes it: `json.dump` puts bare Infinity, -Infinity and NaN where JSON has no number, and checkpoints
// carry it ("time_step_limit": [0.0, Infinity]). They become {"__float__": "Infinity"}, which is what newer
// transformers versions write themselves; ConfigReader.numbers reads that form.

/** @throws SyntaxError */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Strings are matched first, so that a word inside one stays what it is.
    const plain = text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (found) =>
      found.startsWith('"') ? found : `{"__float__":"${found}"}`,
    );
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}
