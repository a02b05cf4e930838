import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeXml, junitXml } from '../../../src/report/summary/ci.ts';
import { anyCharacter } from '../../any-character.ts';
import { parseXml, type XmlElement } from '../xml.ts';
import { endingOf, LEGACY, MODERN, tallyOf } from './ending.ts';

function casesOf(xml: string): readonly XmlElement[] {
  const suites = parseXml(xml);
  expect([suites.name, suites.children.map(({ name }) => name)]).toEqual(['testsuites', ['testsuite']]);
  const suite = suites.children[0]!;
  const verdicts = suite.children.map(({ children }) => children[0]?.name);
  for (const counted of [suites, suite]) {
    expect(counted.attributes).toMatchObject({
      tests: String(suite.children.length),
      failures: String(verdicts.filter((name) => name === 'failure').length),
      errors: String(verdicts.filter((name) => name === 'error').length),
      skipped: String(verdicts.filter((name) => name === 'skipped').length),
    });
  }
  return suite.children;
}

describe('--junit', () => {
  it('has a case per group, and one for rows without a group', () => {
    const cases = casesOf(junitXml(endingOf()));
    expect(cases.map(({ attributes, children }) => [attributes['name'], children[0]?.name])).toEqual([
      [`Spring <cohort> | 1 (${MODERN})`, 'failure'],
      ['9053•••••567-1574073754@g.us', undefined],
      ['120363402715563921@g.us', 'skipped'],
      ['rows without a group', 'failure'],
    ]);
    const [failure] = cases[0]!.children;
    expect(failure!.attributes['message']).toBe('2 failed, 1 unknown');
    expect(failure!.text).toContain('2 failed, not_on_whatsapp: this number has no WhatsApp account');
    expect(cases[2]!.children[0]!.attributes['message']).toBe('5 not_attempted');
    // Rows, but nobody's name: these pages are public.
    expect(failure!.text).toContain(' (rows 7, 8)');
    expect(cases[2]!.children[0]!.text).toContain(' (rows 15, 16, 17 and 2 more)');
    expect(junitXml(endingOf())).not.toContain('Asha');
  });

  it('is no green page when the run was stopped for safety', () => {
    const tally = tallyOf([[MODERN, 'not_attempted', 'key_rejected', 3]]);
    const stopped = { code: 'key_rejected', message: 'the API rejected the key (401)' } as const;
    const cases = casesOf(junitXml(endingOf({ tally, stopped, exit: 5 })));
    expect(cases.map(({ children }) => children[0]?.name)).toEqual(['error', 'skipped']);
    const later = casesOf(
      junitXml(endingOf({ tally, stopped: { code: 'deadline', message: 'x' }, exit: 75 })),
    );
    expect(later.map(({ children }) => children[0]?.name)).toEqual(['skipped']);
  });

  it('is well-formed whatever a group is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 60 }), (name) => {
        const cases = casesOf(junitXml(endingOf({ groupName: () => name })));
        expect(cases).toHaveLength(4);
      }),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((n) => String.fromCharCode(n)) }),
        (text) => {
          parseXml(
            `<?xml version="1.0" encoding="UTF-8"?>\n<a b="${escapeXml(text)}">${escapeXml(text)}</a>`,
          );
        },
      ),
    );
  });

  it('tells nobody’s number', () => {
    expect(junitXml(endingOf({ groupName: () => 'call 919537851844' }))).not.toMatch(
      new RegExp(`919537851844|${LEGACY}`),
    );
  });
});
