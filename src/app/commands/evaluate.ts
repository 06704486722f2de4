// millrace evaluate: the quality figures of the model cards and the README, on data that is not part of the package.

import type { Command } from 'commander';
import { type EnrolFlags, evaluateEnrol } from '../evaluate/enrol.ts';
import { evaluateForecast } from '../evaluate/forecast.ts';
import { evaluateKeyword } from '../evaluate/keyword.ts';
import { evaluateVad } from '../evaluate/vad.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import { print } from '../print.ts';
import { usage } from '../usage.ts';

interface EvaluateFlags extends EnrolFlags {
  readonly silero?: string;
}

export function addEvaluate(program: Command): void {
  program
    .command('evaluate')
    .description('measure quality on labelled data')
    .argument('<what>', 'vad, keyword, enrol or forecast')
    .requiredOption(
      '--data <path>',
      'vad: folder with vad.jsonl and vad/; keyword, enrol: folder with keywords/, train/ and eval/; forecast: ETTh1.csv or .csv.gz',
    )
    .option('--silero <file.onnx>', 'vad: run Silero VAD beside it')
    .option('--model <folder>', 'enrol: another keyword model than keyword-ssm')
    .option('--words <names>', 'enrol: words of the data, with commas between them; default: all')
    .action(async (what: string, flags: EvaluateFlags) => {
      if (what === 'vad') return evaluateVad(openPipelineOrFile, flags, print);
      if (what === 'keyword') return evaluateKeyword(openPipelineOrFile, flags, print);
      if (what === 'enrol') return evaluateEnrol(flags, print);
      if (what === 'forecast') return evaluateForecast(openPipelineOrFile, flags, print);
      throw usage(`there is no evaluation "${what}"`, 'vad, keyword, enrol or forecast');
    });
}
