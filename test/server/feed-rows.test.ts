import { expect, it } from 'vitest';
import { feedRows } from '../../src/transport/feed-rows.ts';
import { decodeCsv } from '../../src/wire/csv.ts';
import { openSession } from '../helpers/sessions.ts';
import { openTestPipeline } from './test-pipelines.ts';

const text = 'bad,1\n1,2\n3,4\n5\n6,7,8\n9,10\n11,12\n13,x\n';

it.each([1, 2, 480])('puts every faulty row in its place as a gap, pieces of %i rows', async (chunkRowsMax) => {
  const { session, outputs } = openSession(await openTestPipeline('mean', {}), { rateHz: 0, width: 2 });
  feedRows(session, decodeCsv(text, { channels: 2 }), 2, chunkRowsMax);
  session.mark('end');
  await session.idle();
  expect(outputs.map(({ item }) => [item.kind, item.from, item.to])).toEqual([
    ['gap', 0, 1],
    ['forecast', 1, 2],
    ['forecast', 2, 3],
    ['gap', 3, 4],
    ['gap', 4, 5],
    ['forecast', 5, 6],
    ['forecast', 6, 7],
    ['gap', 7, 8],
  ]);
  const anomalies = outputs.flatMap(({ item }) =>
    item.kind === 'forecast' ? [Math.round(item.anomaly[1]! * 10)] : [],
  );
  expect(anomalies).toEqual([20, 38, 94, 105]);
});
