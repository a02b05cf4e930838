import { expect, test } from 'vitest';
import { shorten } from '../../../src/lib/text.ts';
import { lost, notSent } from '../../../src/send/api/answer.ts';
import { keyCutter, oneLine } from '../../../src/send/api/redact.ts';

const same = (text: string) => text;

test('a line is one line, masked, bounded', () => {
  expect(oneLine(' a\r\n\tb\u0000\u2028c\u202Ed  \u200Be ')).toBe('a b c d e');
  expect(oneLine('919537851844@c.us and 1234567890123456')).toBe('9195•••••844@c.us and 1234•••••••••456');
  expect(oneLine('127.0.0.1:65535, port 123456')).toBe('127.0.0.1:65535, port 123456');
  expect(oneLine('91 95378 51844, 91-95378-51844, (91) 95378/51844')).toBe(
    '9195•••••844, 9195•••••844, (9195•••••844',
  );
  expect(oneLine([...'919537851844'].join('\u0000'))).toBe('9195•••••844');
  expect(oneLine('٩١٩٥٣٧٨٥١٨٤٤')).toBe('٩١٩٥•••••٨٤٤');
  expect(oneLine('at 192.168.100.200:8080 on 2026-11-23 16:50')).toBe(
    'at 192.168.100.200:8080 on 2026-11-23 16:50',
  );
  expect(oneLine('x'.repeat(10_000))).toHaveLength(300);
});

test('shortening never leaves half a character', () => {
  expect(shorten('abc', 3)).toBe('abc');
  expect(shorten('abcd', 3)).toBe('ab…');
  expect(shorten('a😀bc', 3)).toBe('a…');
});

test('the key is cut out, plain and quoted; what is too short to be one is left', () => {
  expect(keyCutter('secret-key')('Bearer secret-key, secret-key')).toBe('Bearer [key], [key]');
  expect(keyCutter('secret"key')('{"a":"secret\\"key"}')).toBe('{"a":"[key]"}');
  // As other servers write JSON, addresses and pages.
  const cut = keyCutter('pk/a+b=c"12');
  for (const form of [
    'pk\\/a\\u002bb\\u003Dc\\u002212',
    'pk%2Fa%2bb%3Dc%2212',
    'pk&#47;a&#x2B;b&#061;c&quot;12',
    '\\"pk/a+b=c\\\\\\"12',
  ]) {
    expect(cut(`<${form}>`)).toMatch(/^<(?:\\")?\[key\]>$/);
  }
  expect(cut('pk/a+b')).toBe('pk/a+b');
  expect(keyCutter('a')('banana')).toBe('banana');
  expect(keyCutter('')('banana')).toBe('banana');
  expect(keyCutter('12345%41&amp;')('is 12345%41&amp; or 12345%2541&amp;amp; or 12345%41&amp;')).toBe(
    'is [key] or [key] or [key]',
  );
  expect(keyCutter('pk\\end12345\\')('{"a":"pk\\\\end12345\\\\"}')).toMatch(/^\{"a":"\[key\]\\*"\}$/);
  expect(keyCutter('\\'.repeat(9))('x'.repeat(9))).toBe('x'.repeat(9));
});

test('a key of any length, and an answer of any shape, cost no time and end in no error', () => {
  for (const key of ['k'.repeat(6_000), 'a"b/'.repeat(1_500), `${'a'.repeat(5_999)}+`]) {
    const cut = keyCutter(key);
    expect(cut(`<${key}> <${JSON.stringify(key)}> <${encodeURIComponent(key)}>`)).toBe(
      '<[key]> <"[key]"> <[key]>',
    );
    for (const text of ['a'.repeat(1e6), '\\'.repeat(1e6), '%61'.repeat(3e5), '&#'.repeat(5e5)]) {
      const start = performance.now();
      expect(cut(text)).not.toContain('[key]');
      expect(performance.now() - start).toBeLessThan(2_000);
    }
  }
});

test.each([
  [{ code: 'ECONNREFUSED', message: '' }, 'refused', 'the connection was refused (ECONNREFUSED)'],
  [
    { code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND x' },
    'dns',
    'the host name could not be resolved (getaddrinfo ENOTFOUND x)',
  ],
  [{ code: 'EAI_AGAIN', message: 'again' }, 'dns', 'the host name could not be resolved (again EAI_AGAIN)'],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID', message: 'm' }, 'tls', expect.any(String)],
  [{ code: 'CERT_HAS_EXPIRED', message: 'certificate has expired' }, 'tls', expect.any(String)],
  [{ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', message: '' }, 'tls', expect.any(String)],
  [{ code: 'EPROTO', message: '' }, 'tls', expect.any(String)],
  [{ code: 'ETIMEDOUT', message: '' }, 'connect_timeout', expect.any(String)],
  [{ name: 'TimeoutError', message: '' }, 'connect_timeout', 'the connection was not made in time'],
  [{ code: 'EHOSTUNREACH', message: '' }, 'network', expect.any(String)],
  [
    { code: 'ERR_GOT_REQUEST_ERROR', message: 'Bad response: 407' },
    'network',
    'the connection could not be made (Bad response: 407)',
  ],
  [{ code: 5, message: 6 }, 'network', 'the connection could not be made'],
  [undefined, 'network', 'the connection could not be made'],
])('nothing sent, %j: %s', (error, cause, message) => {
  expect(notSent(error, same)).toEqual({ cause, message });
});

test.each([
  [{ code: 'ECONNRESET', message: 'socket hang up' }, false, 'reset'],
  [{ code: 'EPIPE', message: '' }, false, 'reset'],
  [{ code: 'ECONNRESET', message: 'aborted' }, true, 'truncated'],
  [{ code: 'ETIMEDOUT', message: '' }, true, 'timeout'],
  [{ code: 'HPE_INVALID_CONSTANT', message: '' }, false, 'network'],
  [null, false, 'network'],
])('lost, %j: %s → %s', (error, headSeen, cause) => {
  expect(lost(error, headSeen, same).cause).toBe(cause);
});
