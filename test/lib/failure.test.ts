import { expect, test } from 'vitest';
import { describeFailure, errorCode } from '../../src/lib/failure.ts';

test('system errors in words, others in their own', () => {
  expect(describeFailure(Object.assign(new Error('ENOSPC: write /secret/path'), { code: 'ENOSPC' }))).toBe(
    'disk full (ENOSPC)',
  );
  expect(describeFailure(Object.assign(new Error('odd'), { code: 'EODD' }))).toBe('odd');
  expect(describeFailure('a string')).toBe('a string');
  expect([
    errorCode('x'),
    errorCode(new Error('x')),
    errorCode(Object.assign(new Error('x'), { code: 7 })),
  ]).toEqual(['', '', '']);
});
