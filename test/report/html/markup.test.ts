import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plain } from '../../../src/lib/text.ts';
import { escaped, Html, html } from '../../../src/report/html/markup.ts';
import { anyCharacter } from '../../any-character.ts';

const ENTITIES: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};
const decoded = (text: string) => text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]!);
const anyText = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", '/', '=', ' ', 'a', '\u202e', '\0', ';') }),
);

describe('escaped', () => {
  it('leaves nothing that ends an element or an attribute, and loses nothing', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const safe = escaped(text);
        expect(safe).not.toMatch(/[<>"']/);
        expect(safe).not.toMatch(/&(?!(?:amp|lt|gt|quot|#39);)/);
        expect(safe).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        expect(decoded(safe)).toBe(plain(text));
      }),
    );
  });

  it('cuts what is too long, and not through a character', () => {
    fc.assert(
      fc.property(fc.nat(3), (shift) => {
        const cut = escaped('x'.repeat(297 + shift) + '😀'.repeat(50));
        expect(cut.length).toBeLessThanOrEqual(300);
        expect(Buffer.from(cut).toString()).toBe(cut);
        expect(cut.endsWith('…')).toBe(true);
      }),
    );
  });
});

describe('html', () => {
  it('escapes every value that is not markup already', () => {
    expect(
      html`<p title="${'"'}">${'<b>'}${3}${undefined}${html`<i>`}${[html`<u>`, html`&`]}</p>`.markup,
    ).toBe('<p title="&quot;">&lt;b&gt;3<i><u>&</p>');
    expect(new Html('<hr>').markup).toBe('<hr>');
  });
});
