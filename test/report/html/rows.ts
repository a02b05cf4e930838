import { htmlReport } from '../../../src/report/html/page.ts';
import type { GroupAbout, OwnColumns, ReportFacts, ReportRow } from '../../../src/report/html/people.ts';

export const GROUP = '120363371308389685@g.us';
export const COLUMNS: OwnColumns = {
  names: ['name', 'email', 'chat_id', 'phone'],
  chatAt: 2,
  phoneAt: 3,
  nameAt: [0],
};

export const FACTS: ReportFacts = {
  source: 'cohort.csv',
  writtenAt: Date.UTC(2026, 0, 26, 17, 14, 27),
  sandbox: false,
  dryRun: false,
  stopped: undefined,
  next: undefined,
  unreadable: 0,
  pace: undefined,
};

export function row(number: number, some: Partial<ReportRow> = {}): ReportRow {
  const participant = some.participant ?? `9198745${String(number).padStart(5, '0')}`;
  const own = some.own ?? [`Person ${number}`, `p${number}@example.org`, GROUP, `+${participant}`];
  return {
    number,
    name: own[0] ?? '',
    own,
    chatId: GROUP,
    participant,
    status: 'added',
    reasonCode: '',
    message: '',
    traceId: `trace-${number}`,
    askedAt: undefined,
    ...some,
  };
}

export function pageOf(
  rows: Iterable<ReportRow>,
  facts: Partial<ReportFacts> = {},
  about: Readonly<Record<string, GroupAbout>> = {},
  columns = COLUMNS,
): string {
  const report = htmlReport(columns, (id) => about[id]);
  for (const one of rows) report.add(one);
  return [...report.page({ ...FACTS, ...facts })].join('');
}

/** Text that a careless page would run, hide, or turn around. */
export const HOSTILE = [
  '<script>document.title="owned"</script>',
  '"><img src="http://127.0.0.1:9/x" onerror="document.title=\'owned\'">',
  "' onmouseover='document.title=1",
  '</td></tr></table></script></style><h1>out</h1>',
  '<!-- --> <![CDATA[ ]]> &lt;b&gt; &amp;amp; &#60;i&#62;',
  '\u202egnp.exe\u202c \u2066x\u2069 \u2028 \u0000 \u0007 \u001b[31mred\u001b[0m \ufeff',
  'javascript:alert(1)',
  '$' + '{7*7} {{7*7}} `x`',
  'आरव शर्मा 🧑‍🎓 שלום עולם مرحبا ﷽ Z̸̤̑a̴l̷g̶o',
  'x'.repeat(260),
] as const;
