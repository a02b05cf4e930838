/** A strict reader of the XML that we write: throws where a document is not well-formed. No DTD, comment or CDATA. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const NAME = '[A-Za-z_][\\w.-]*';
const TAG = new RegExp(`^<(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>`);
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  for (const char of text) {
    const code = char.codePointAt(0)!;
    const allowed =
      code === 9 ||
      code === 10 ||
      code === 13 ||
      (code >= 32 && code < 0xd800) ||
      (code > 0xdfff && code !== 0xfffe && code !== 0xffff);
    if (!allowed) throw new Error(`a character that no XML may hold: ${code.toString(16)}`);
  }
  return text.replace(/&([^;]*);?/g, (whole, name: string) => {
    const value = whole.endsWith(';') ? ENTITIES[name] : undefined;
    if (value === undefined) throw new Error(`no such entity: ${whole}`);
    return value;
  });
}

export function parseXml(document: string): XmlElement {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!document.startsWith(declaration)) throw new Error('no XML declaration');
  let rest = document.slice(declaration.length);
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  while (rest !== '') {
    const inside = open.at(-1)!;
    const next = rest.indexOf('<');
    const text = next < 0 ? rest : rest.slice(0, next);
    if (text.includes(']]>')) throw new Error(']]> in text');
    inside.text += unescaped(text);
    if (next < 0) break;
    rest = rest.slice(next);
    const closing = new RegExp(`^</(${NAME})\\s*>`).exec(rest);
    if (closing) {
      if (open.length === 1 || closing[1] !== inside.name) throw new Error(`</${closing[1]}> closes nothing`);
      open.pop();
      rest = rest.slice(closing[0].length);
      continue;
    }
    const tag = TAG.exec(rest);
    if (!tag) throw new Error(`no tag: ${rest.slice(0, 60)}`);
    const attributes: Record<string, string> = {};
    for (const [, name = '', value = ''] of tag[2]!.matchAll(new RegExp(`(${NAME})="([^"<]*)"`, 'g'))) {
      if (name in attributes) throw new Error(`twice: ${name}`);
      attributes[name] = unescaped(value);
    }
    const element = { name: tag[1]!, attributes, children: [], text: '' };
    inside.children.push(element);
    if (tag[3] === '') open.push(element);
    rest = rest.slice(tag[0].length);
  }
  if (open.length !== 1) throw new Error(`<${open.at(-1)!.name}> is never closed`);
  if (root.children.length !== 1 || root.text.trim() !== '') throw new Error('more than one root');
  return root.children[0]!;
}
