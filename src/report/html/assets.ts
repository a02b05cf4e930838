import { STATUSES, type Status } from '../../domain/words.ts';

/**
 * Colours by status, for light and dark themes. Graphics only, not text. Contrast with the background: at least 3:1.
 */
const COLOURS: Readonly<Record<Status, readonly [light: string, dark: string]>> = {
  added: ['#24785a', '#4fb28c'],
  joined: ['#1d7f86', '#4fb0b8'],
  left: ['#96602f', '#d3a06a'],
  already_member: ['#5d7d4a', '#94b57e'],
  invited: ['#3a6db5', '#78a6e6'],
  duplicate: ['#7d7a74', '#96928a'],
  invalid: ['#b0641a', '#e0a05a'],
  failed: ['#b23a36', '#ec807a'],
  unknown: ['#7d55a8', '#b794de'],
  not_attempted: ['#80796b', '#a89f8e'],
  planned: ['#4f7f9c', '#85b1cb'],
};

/** Sign next to the word of a status. */
const SIGNS: Readonly<Record<Status, string>> = {
  added: '\\2713',
  joined: '\\2713',
  left: '\\2190',
  already_member: '=',
  invited: '\\2192',
  duplicate: '\\2261',
  invalid: '!',
  failed: '\\00d7',
  unknown: '?',
  not_attempted: '\\2026',
  planned: '\\25cb',
};

const tokens = (which: 0 | 1) => STATUSES.map((status) => `--${status}:${COLOURS[status][which]}`).join(';');
const perStatus = STATUSES.map(
  (status) =>
    `.f-${status}{fill:var(--${status})}.st-${status}::before{content:"${SIGNS[status]}"/"";background:var(--${status})}`,
).join('\n');

export const STYLE = `
:root{color-scheme:light dark;--bg:#faf9f6;--card:#fff;--ink:#1c2024;--soft:#5a6068;--line:#e3e0d8;--link:#1d5f94;--on:#fff;${tokens(0)}}
@media screen and (prefers-color-scheme:dark){:root{--bg:#131618;--card:#1b1f22;--ink:#e9e6e0;--soft:#a6adb4;--line:#30363b;--link:#8fc1ee;--on:#101315;${tokens(1)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums}
header,main,footer{max-width:68rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:3.5rem}
.brand{margin:0 0 1.25rem;color:var(--soft);font-size:.875rem;letter-spacing:.01em}
.brand b{color:var(--ink);font-weight:600}
h1{margin:0 0 .75rem;max-width:24em;font-size:clamp(1.6rem,1.1rem + 2.2vw,2.5rem);line-height:1.2;font-weight:650;letter-spacing:-.018em;text-wrap:balance}
h2{margin:0 0 1.25rem;font-size:1.35rem;line-height:1.3;font-weight:650;letter-spacing:-.01em}
h3{margin:0;font-size:1.03rem;line-height:1.4;font-weight:600;overflow-wrap:anywhere}
p{margin:0 0 .75rem}
section{margin-top:3.75rem}
.soft,.note{color:var(--soft)}
.note{font-size:.925rem}
.sub{margin:0 0 1.75rem;color:var(--soft);overflow-wrap:anywhere}
.banner{margin:0 0 1.5rem;padding:.7rem 1rem;border:1px solid var(--line);border-left:4px solid var(--invalid);border-radius:.5rem;background:var(--card);overflow-wrap:anywhere}
code{font:.86em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
a{color:var(--link);overflow-wrap:anywhere}
.defs{position:absolute}
svg{display:block}
.over{fill:var(--on);stroke:var(--on);opacity:.42}
.over path{fill:none}
.bar{border-radius:5px;overflow:hidden}
header .bar{border-radius:8px}
.gap{fill:var(--bg)}
.groupcard .gap{fill:var(--card)}
.swatch{flex:none}
.legend,.groups,.links{list-style:none;margin:0;padding:0}
.legend{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:.75rem 2rem;margin-top:1.25rem}
.legend li{display:flex;align-items:baseline;gap:.55rem;line-height:1.35}
.legend .swatch{align-self:flex-start;margin-top:.22rem}
.legend b{font-weight:650;font-size:1.1rem}
.legend .soft{display:block;font-size:.875rem}
.groups+details{margin-top:1rem}
details .groups{margin-top:.75rem}
.groups{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));gap:1rem}
.groupcard,figure{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.1rem 1.25rem}
.groupcard p{font-size:.9rem;margin:.15rem 0 .8rem}
.groupcard .counts{margin:.6rem 0 0}
.reason{display:grid;grid-template-columns:minmax(0,20rem) minmax(0,1fr);gap:.5rem 2.5rem;padding:1.4rem 0;border-top:1px solid var(--line)}
.reason h3{display:flex;align-items:baseline;gap:.6rem}
.reason h3 .swatch{align-self:flex-start;margin-top:.25rem}
.reason h3>span:last-child::first-letter{text-transform:uppercase}
.reason h3>span:last-child{display:block}
.count{font-size:1.15rem;flex:none}
.reason tbody tr:last-child>*{border-bottom:0}
.reason thead th{padding-top:0}
.do{margin:.45rem 0 .7rem}
.do::before{content:"\\2192"/"";margin-right:.5em;color:var(--soft)}
.code{margin:0;font-size:.875rem;color:var(--soft)}
.links{margin:.2rem 0 .8rem;padding-left:1.4rem}
.links li{margin:.2rem 0}
details{margin-top:.8rem}
summary{cursor:pointer;color:var(--link);font-size:.925rem;padding:.25rem 0;width:fit-content}
figure{margin:0 0 1rem}
figcaption{margin-bottom:1rem}
.ask{fill:var(--invited)}
.base{stroke:var(--soft);stroke-width:1}
.allowed{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:5 4}
.wait{stroke:var(--invalid);stroke-width:1;fill:none;opacity:.75}
.timeline{overflow:visible}
.timeline text{fill:var(--ink);font-size:12px}
.axis{display:flex;justify-content:space-between;gap:1rem;margin-top:.4rem;font-size:.82rem;color:var(--soft)}
.scroll{max-height:20rem;overflow:auto;border:1px solid var(--line);border-radius:.5rem;margin-top:.5rem;padding:0 .75rem}
table{border-collapse:collapse;width:100%}
th,td{padding:.5rem .75rem .5rem 0;text-align:start;vertical-align:top;border-bottom:1px solid var(--line);font-weight:400;overflow-wrap:anywhere}
thead th{font-size:.82rem;color:var(--soft);white-space:nowrap;overflow-wrap:normal;overflow:hidden;text-overflow:ellipsis}
.num{text-align:end}
td.num,th.num{padding-right:1.1rem}
.line{color:var(--soft);width:3.5rem}
.lead{display:block;font-weight:600}
.own+.own::before{content:"\\b7"/"";margin:0 .4em}
.own,.why{color:var(--soft);font-size:.875rem}
.why{display:block}
.reason .what{color:var(--soft)}
.people{font-size:.925rem;table-layout:fixed}
.c-line{width:3.4rem}.c-person{width:28%}.c-someone{width:33%}.c-phone{width:10rem}.c-group{width:24%}
.tel{white-space:nowrap}
#people tr:last-child>*{border-bottom-color:var(--line)}
tr:focus{outline:2px solid var(--link);outline-offset:-2px}
.st{display:inline-flex;align-items:baseline;gap:.45em;white-space:nowrap}
.st::before{display:inline-block;width:1.35em;height:1.35em;line-height:1.35em;border-radius:50%;text-align:center;font-size:.78em;font-weight:700;color:var(--on);flex:none}
${perStatus}
.controls{display:none}
.js .controls{display:flex;flex-wrap:wrap;gap:1rem 1.25rem;align-items:end;margin-bottom:1rem}
.controls p{margin:0;display:flex;flex-direction:column;gap:.3rem;min-width:0}
.controls .grow{flex:1 1 18rem}
label,legend{font-size:.875rem;color:var(--soft)}
input[type=search],select{font:inherit;color:var(--ink);background:var(--card);border:1px solid color-mix(in srgb,var(--soft) 65%,var(--card));border-radius:.5rem;padding:.5rem .7rem;min-height:2.75rem;width:100%}
select{max-width:22rem}
fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.5rem;flex-basis:100%}
legend{padding:0;margin-bottom:.3rem}
.chip{display:inline-flex;align-items:center;gap:.45rem;color:var(--ink);background:var(--card);border:1px solid color-mix(in srgb,var(--soft) 45%,var(--card));border-radius:2rem;padding:.35rem .85rem;min-height:2.5rem;cursor:pointer}
.chip:has(:checked){border-color:var(--ink);box-shadow:inset 0 0 0 1px var(--ink)}
.chip input{margin:0;width:1rem;height:1rem;accent-color:var(--ink)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.more{margin:1.25rem 0 0;text-align:center}
button{font:inherit;color:var(--ink);background:var(--card);border:1px solid color-mix(in srgb,var(--soft) 65%,var(--card));border-radius:.5rem;padding:.55rem 1.2rem;min-height:2.75rem;cursor:pointer}
[hidden]{display:none!important}
.js:not(.ready) #people tbody tr:nth-child(n+201){display:none}
footer{margin-top:4.5rem;padding-bottom:3.5rem;color:var(--soft);font-size:.875rem}
footer p{border-top:1px solid var(--line);padding-top:1.25rem}
@media (max-width:62rem){.reason{grid-template-columns:minmax(0,1fr)}}
@media (max-width:46rem){
header,main,footer{padding-left:1.1rem;padding-right:1.1rem}
header{padding-top:2rem}
section{margin-top:2.75rem}
.legend{grid-template-columns:1fr}
.groupcard,figure{padding:1rem}
.people .own{display:block}
.own+.own::before{content:none}
.people .group{color:var(--soft)}
.reason .people tbody tr:last-child{border:0;padding-bottom:0}
.people,.people tbody{display:block}
.people thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.people tr{display:grid;grid-template-columns:1fr auto;gap:.1rem 1rem;padding:.8rem 0;border-bottom:1px solid var(--line)}
.people th,.people td{border:0;padding:0;min-width:0;width:auto;text-align:start}
.people .line{order:1;grid-column:2;grid-row:1;text-align:end;font-size:.85rem}
.people .line::before{content:"row ";}
.people .person{grid-column:1;grid-row:1}
.people td:not(.line){grid-column:1/-1}
.people td:empty{display:none}
select{max-width:none}
.controls p{flex:1 1 100%}
}
@media print{
html{font-size:10pt}
.reason{grid-template-columns:minmax(0,1fr)}
body{background:none}
header,main,footer{max-width:none;padding:0}
header{padding-top:0}
section{margin-top:1.75rem}
h1{font-size:1.5rem}
.js .controls,.more,summary{display:none}
.bar,.swatch,.st::before,.timeline{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.groupcard,tr,figure,h2,h3,.banner{break-inside:avoid}
h2,h3,.do,thead{break-after:avoid}
a{color:inherit}
}
`;

/**
 * The page's only script: search, filters, and layout of the list in parts. It changes text and attributes of existing
 * elements, and never creates markup. The page is complete without it.
 */
export const SCRIPT = `(() => {
'use strict';
document.documentElement.classList.add('js');
const STEP = 200;
document.addEventListener('DOMContentLoaded', () => {
  const get = (id) => document.getElementById(id);
  // Times are written in UTC, which the page alone knows; shown, they are the reader's.
  const two = (n) => String(n).padStart(2, '0');
  const clock = (at, unit) =>
    (unit === 's' ? '' : at.getFullYear() + '-' + two(at.getMonth() + 1) + '-' + two(at.getDate()) + ' ')
    + two(at.getHours()) + ':' + two(at.getMinutes()) + (unit === 's' ? ':' + two(at.getSeconds()) : '');
  const zones = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' });
  const zone = (at) => zones.formatToParts(at).find((part) => part.type === 'timeZoneName').value;
  for (const one of document.querySelectorAll('time, title[data-at]')) {
    const { at = one.dateTime, unit, written } = one.dataset;
    if (one.dateTime) one.title = one.dateTime;
    one.textContent = clock(new Date(at), unit) + one.textContent.slice(Number(written));
  }
  for (const one of document.querySelectorAll('.zone')) one.textContent = zone(new Date(one.dataset.at));
  const form = get('controls'), search = get('search'), group = get('group'), more = get('more'), shown = get('shown');
  if (!form) return;
  const boxes = [...form.querySelectorAll('input[type=checkbox]')];
  const rows = [...document.querySelectorAll('#people tbody tr')];
  const fold = (text) => text.normalize('NFKD').replace(/\\p{M}/gu, '').toLowerCase();
  const figure = (n) => n.toLocaleString('en-US');
  let texts, matching = rows, limit = STEP;
  const paint = () => {
    const visible = new Set(matching.slice(0, limit));
    for (const row of rows) row.hidden = !visible.has(row);
    const all = matching.length;
    more.hidden = visible.size === all;
    more.textContent = 'Show ' + figure(Math.min(STEP, all - visible.size)) + ' more';
    shown.textContent = (all === rows.length ? figure(all) : figure(all) + ' of ' + figure(rows.length))
      + (rows.length === 1 ? ' row' : ' rows')
      + (visible.size < all ? ', the first ' + figure(visible.size) + ' shown' : '');
  };
  const find = () => {
    const query = search.value.trim();
    const number = /^[+\\d\\s().-]+$/.test(query) ? query.replace(/\\D/g, '') : '';
    const words = fold(query).split(/\\s+/).filter(Boolean);
    const statuses = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const chosen = group ? group.value : '';
    if (words.length > 0) texts ??= rows.map((row) => fold([...row.cells].map((cell) => cell.textContent).join(' ')));
    matching = rows.filter((row, at) =>
      (statuses.size === 0 || statuses.has(row.dataset.s)) &&
      (chosen === '' || row.dataset.g === chosen) &&
      (words.length === 0 || words.every((word) => texts[at].includes(word)) ||
        (number.length > 2 && texts[at].replace(/[\\s().-]/g, '').includes(number))));
    limit = STEP;
    paint();
  };
  form.addEventListener('input', find);
  form.addEventListener('submit', (event) => event.preventDefault());
  more.addEventListener('click', () => {
    const next = limit;
    limit += STEP;
    paint();
    if (more.hidden && matching[next]) { matching[next].tabIndex = -1; matching[next].focus(); }
  });
  let before = STEP, closed = [];
  addEventListener('beforeprint', () => {
    before = limit;
    limit = Infinity;
    closed = [...document.querySelectorAll('#groups details:not([open]), #attention details:not([open])')];
    for (const one of closed) one.open = true;
    paint();
  });
  addEventListener('afterprint', () => {
    limit = before;
    for (const one of closed) one.open = false;
    paint();
  });
  paint();
  document.documentElement.classList.add('ready');
});
})();`;
