import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metricsText } from '../../../src/report/summary/metrics.ts';
import { anyCharacter } from '../../any-character.ts';
import { endingOf } from './ending.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The exposition format, strictly: https://prometheus.io/docs/instrumenting/exposition_formats/ */
function parseMetrics(text: string): readonly Sample[] {
  expect(text.endsWith('\n')).toBe(true);
  const samples: Sample[] = [];
  const series = new Set<string>();
  const families = new Set<string>();
  let family = '';
  let typed = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-z_]+) (.+)$/.exec(line);
    const type = /^# TYPE ([a-z_]+) (gauge|counter)$/.exec(line);
    if (help) {
      family = help[1]!;
      if (families.has(family)) throw new Error(`${family} comes twice`);
      families.add(family);
    } else if (type) {
      if (type[1] !== family) throw new Error(`TYPE of ${type[1]} under ${family}`);
      typed = family;
    } else {
      const found = /^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\]|\\["\\n])*",?)+)\})? (\S+)$/.exec(line);
      if (!found) throw new Error(`no sample: ${line}`);
      const [, name = '', list = '', value = ''] = found;
      if (name !== family || name !== typed) throw new Error(`${name} under ${family}`);
      if (!/^-?\d+(?:\.\d+)?$/.test(value)) throw new Error(`no number: ${value}`);
      const key = `${name}{${list}}`;
      if (series.has(key)) throw new Error(`${key} comes twice`);
      series.add(key);
      const labels = Object.fromEntries(
        [...list.matchAll(/([a-z_]+)="((?:[^"\\]|\\["\\n])*)"/g)].map(([, label, raw]) => [
          label,
          raw!.replace(/\\(["\\n])/g, (_, char) => (char === 'n' ? '\n' : char)),
        ]),
      );
      samples.push({ name, labels, value: Number(value) });
    }
  }
  return samples;
}

const one = (samples: readonly Sample[], name: string, labels: object = {}) => {
  const found = samples.filter((sample) => sample.name === `group_onboard_${name}`);
  const fits = found.filter((sample) => Object.entries(labels).every(([k, v]) => sample.labels[k] === v));
  expect(fits).toHaveLength(1);
  return fits[0]!.value;
};

describe('--metrics-file', () => {
  it('has counts by status, asks, throttles, waits, times and the exit code', () => {
    const samples = parseMetrics(metricsText(endingOf(), 'cohort.csv', ''));
    expect(one(samples, 'rows', { status: 'added' })).toBe(8);
    expect(one(samples, 'rows', { status: 'planned' })).toBe(0);
    expect(one(samples, 'groups')).toBe(3);
    expect(one(samples, 'asks')).toBe(14);
    expect(one(samples, 'throttled_answers')).toBe(1);
    expect(one(samples, 'wait_seconds', { reason: 'gap' })).toBe(60);
    expect(one(samples, 'wait_seconds', { reason: 'window' })).toBe(2.5);
    expect(one(samples, 'wait_seconds', { reason: 'paused' })).toBe(0);
    expect(one(samples, 'duration_seconds')).toBe(70.5);
    expect(one(samples, 'last_run_timestamp_seconds')).toBe(Date.parse('2025-01-26T17:15:37.500Z') / 1000);
    expect(one(samples, 'exit_code')).toBe(4);
    expect(samples.every(({ labels }) => labels['cohort'] === 'cohort.csv')).toBe(true);
  });

  it('keeps the time of the last success, until the next one', () => {
    const success = (text: string) => one(parseMetrics(text), 'last_success_timestamp_seconds');
    const good = metricsText(endingOf({ exit: 0, endedAt: 1_000_500 }), 'c.csv', '');
    const bad = metricsText(endingOf({ exit: 4 }), 'c.csv', good);
    const dry = metricsText(endingOf({ exit: 0, dryRun: true }), 'c.csv', bad);
    const better = metricsText(endingOf({ exit: 0, endedAt: 2_000_500 }), 'c.csv', dry);
    expect([good, bad, dry, better].map(success)).toEqual([1000.5, 1000.5, 1000.5, 2000.5]);
    expect(success(metricsText(endingOf({ exit: 4 }), 'other.csv', good))).toBe(0);
    expect(success(metricsText(endingOf({ exit: 4 }), 'c.csv', 'nonsense'))).toBe(0);
  });

  it('reads back whatever the cohort is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 40 }), (cohort) => {
        const samples = parseMetrics(metricsText(endingOf(), cohort, ''));
        expect(samples[0]!.labels['cohort']).toBe(cohort.replaceAll('\r', ' '));
      }),
    );
  });
});
