import { expect, it } from 'vitest';
import * as flags from '../../src/config/flags.ts';

it.each(Object.entries(flags))(
  '%s: commander keeps each flag under the name that the table gives it',
  (_, table) => {
    const kept = Object.values(table).map(({ option }) => option.attributeName());
    expect(kept).toEqual(Object.keys(table));
  },
);
