import { expect, it } from 'vitest';
import { checkOpenFiles, connectionsMax } from './open-files.ts';

it('says how many open files are needed, how many there are and how to get more', () => {
  expect(() => checkOpenFiles(5000, 1024)).toThrow(
    expect.objectContaining({
      code: 'ERR_USAGE',
      message: expect.stringMatching(/5000 connections need 5100 open files.* 1024/),
      expected: expect.stringContaining('ulimit -Hn 5100'),
    }),
  );
  expect(() => checkOpenFiles(5000, 5100)).not.toThrow();
});

it('reads the limit of this process', () => {
  expect(() => checkOpenFiles(1)).not.toThrow();
  expect(() => checkOpenFiles(connectionsMax())).not.toThrow();
  expect(() => checkOpenFiles(2 ** 40)).toThrow(process.platform === 'win32' ? undefined : /open files/);
});
