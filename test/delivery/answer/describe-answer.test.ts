import { describe, expect, it } from 'vitest';
import { describeAnswer } from '../../../src/delivery/answer/describe-answer.js';
import { createMask, type KnownSecrets } from '../../../src/delivery/answer/mask.js';

const known: KnownSecrets = {
  url: 'https://user:pa55word@hooks.example/services/T0001/B0002/xyzTOKENxyz?key=q%2FueryKey&a=1',
  values: [
    { text: 'Bearer tok/en"&ä', isReference: true },
    { text: 'Basic dXNlcjpodW50ZXIy', isReference: false },
    { text: 'prod', isReference: false },
    { text: 's3c', isReference: true },
  ],
  keys: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
};

function described(
  body: string | Buffer,
  { contentType, isCut = false }: { contentType?: string; isCut?: boolean } = {},
) {
  const answer = { kind: 'answer' as const, status: 422, ...(contentType && { contentType }) };
  const mask = createMask(() => known);
  return describeAnswer(answer, { bytes: Buffer.from(body), isCut, mask });
}

describe('describeAnswer()', () => {
  it.each([
    ['channel #ops is archived\nand more', 'channel #ops is archived'],
    ['\r\n\r\n  no_text  \r\nx', 'no_text'],
    ['{"type":"about:blank","title":"Archived","detail":"#ops is archived"}', 'Archived: #ops is archived'],
    ['{\n "title": "Archived"\n}', 'Archived'],
    ['{"message":"Validation Failed"}', 'Validation Failed'],
    ['{"ok":false,"error":"invalid_payload"}', 'invalid_payload'],
    ['{"a":[1]}', '{"a":[1]}'],
    ['"text"', 'text'],
    ['{"title":', '{"title":'],
    ['<!DOCTYPE html><html><head><title>413 Too Large</title></head></html>', '413 Too Large'],
    [
      '<html><head><title>422 Unprocessable Content</title></head><body>nginx</body></html>',
      'Unprocessable Content',
    ],
    ['<html><body><h1>422 Unprocessable Content</h1></body></html>', 'Unprocessable Content'],
    ['422: no_text', 'no_text'],
    ['4225 rows', '4225 rows'],
    ['422x', '422x'],
    ['<html><body><h1>Bad Gateway</h1></body></html>', 'Bad Gateway'],
    ['\u001b[31mred\u0007\u202e', '\\u{1b}[31mred\\u{7}\\u{202e}'],
    ['a\tb\u2028c', 'a b'],
  ])('describeAnswer() says of %j: %j', (body, excerpt) => {
    expect(described(body)).toMatchObject({ body, excerpt });
  });

  it('describeAnswer() has no excerpt of a body that says nothing', () => {
    expect(described('')).toEqual({ kind: 'answer', status: 422 });
    expect(described(' \n')).toEqual({ kind: 'answer', status: 422, body: ' \n' });
    expect(described('422')).toEqual({ kind: 'answer', status: 422, body: '422' });
  });

  it('describeAnswer() keeps 8 KiB of a body and 300 bytes of a line, in whole characters', () => {
    const { body, excerpt } = described('ä'.repeat(5_000));
    expect(Buffer.byteLength(body!)).toBeLessThanOrEqual(8192);
    expect(Buffer.byteLength(excerpt!)).toBeLessThanOrEqual(300);
    expect(body).toMatch(/^ä{4090,}…$/);
    expect(excerpt).toMatch(/^ä{140,}…$/);
  });

  it('describeAnswer() keeps no text of what is compressed or binary, and reads Latin-1', () => {
    const binary = Buffer.from('s3c\0s3c');
    expect(described(binary)).toMatchObject({ body: '(7 bytes that are not text)' });
    expect(described(Buffer.from([0x1f, 0x8b, 0x08]))).toMatchObject({ body: '(3 bytes that are not text)' });
    expect(described(Buffer.from('gr\xfcn', 'latin1'))).toMatchObject({ excerpt: 'grün' });
  });
});

describe('createMask()', () => {
  const secrets = [
    known.url,
    'user:pa55word@',
    'pa55word',
    '/services/T0001/B0002/xyzTOKENxyz',
    'xyzTOKENxyz',
    'T0001',
    'q/ueryKey',
    'q%2FueryKey',
    'Bearer tok/en"&ä',
    'tok/en"&ä',
    JSON.stringify('tok/en"&ä').slice(1, -1).replaceAll('/', '\\/'),
    'tok/en&quot;&amp;ä',
    'tok/en\\"\\u0026\\u00e4',
    'tok%2Fen%22%26%C3%A4',
    'tok/en%22&ä',
    Buffer.from('Bearer tok/en"&ä').toString('base64'),
    Buffer.from('x: xyzTOKENxyz').toString('base64'),
    Buffer.from('xyzTOKENxyz').toString('base64url'),
    Buffer.from('xyzTOKENxyz').toString('hex'),
    Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64').toString('hex'),
    'XYZtokenXYZ',
    'dXNlcjpodW50ZXIy',
    'hunter2',
    's3c',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  ];

  it.each(secrets)('createMask() takes out %s', (secret) => {
    const { body, excerpt } = described(`wrong: ${secret} in production`);
    expect(`${body}${excerpt}`).not.toContain(secret);
    expect(excerpt).toMatch(/^wrong: .*•••.* in production$/);
  });

  it('createMask() leaves the host of other URLs alone, however they are written', () => {
    const body =
      'see https://docs.example:8443/a/b?c=d#e, http:\\/\\/x.example\\/y and https://u:p@z.example/.';
    expect(described(body).body).toBe(
      'see https://docs.example:8443/••• http://x.example/••• and https://z.example/•••',
    );
  });

  it('createMask() takes out what JSON only tells when it is read', () => {
    expect(described('{"title":"\\u0073\\u0033c"}').excerpt).toBe('•••');
  });

  it('createMask() takes out the beginning of a secret at which a body is cut off', () => {
    const cut = described(`${'x'.repeat(8_000)} xyzTOKEN`, { isCut: true });
    expect(cut.body).toMatch(/x •••$/);
    const long = described(`${'x'.repeat(8_180)} xyzTOKENxyz and more than is kept`);
    expect(long.body).not.toMatch(/xyzT/);
  });

  it('createMask() leaves ordinary words and short values alone', () => {
    const body = 'no such services in prod, nobody is known';
    expect(described(body).body).toBe(body);
  });
});
