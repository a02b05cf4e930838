/**
 * The page's only script: search, filters, and a list that is laid out a part at a time. It changes the text and the
 * attributes of what is there, and never makes markup. The page is complete without it.
 */
export const SCRIPT = `(() => {
'use strict';
document.documentElement.classList.add('js');
const STEP = 200;
document.addEventListener('DOMContentLoaded', () => {
  const get = (id) => document.getElementById(id);
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
