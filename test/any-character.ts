import fc from 'fast-check';

/** Any character, as fast-check’s unit `binary`, which first takes two seconds to list them all. */
export const anyCharacter: fc.Arbitrary<string> = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));
