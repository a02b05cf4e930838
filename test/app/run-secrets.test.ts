import { describe, expect, it } from 'vitest';
import { withoutSecrets } from '../../src/app/run.ts';
import { OnboardError } from '../../src/domain/errors.ts';

describe('a defect', () => {
  it('is told without the key and without numbers, its stack too', () => {
    const error = new TypeError('key pk_abcdefgh of 919870000001\nand more');
    const told = withoutSecrets(error, 'pk_abcdefgh') as Error;
    expect(told.message).toBe('key [key] of 9198•••••001 and more');
    expect(told.stack).toMatch(/at /);
    expect(told.stack).not.toMatch(/pk_abcdefgh|919870000001/);
    expect(withoutSecrets('thrown text 919870000001', undefined)).toMatchObject({
      message: 'thrown text 9198•••••001',
    });
  });
  it('what the user can act on stays as it is', () => {
    const error = new OnboardError('USAGE', 'file 919870000001.csv');
    expect(withoutSecrets(error, 'file')).toBe(error);
  });
});
