import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonScalar, parseField, writeFields } from '../../src/event/fields.js';

/** Writes strings and JSON text as `-F` would. */
function written(...texts: readonly string[]): string {
  const fields = texts.map((text) => {
    const field = parseField(text);
    if (!field.ok) throw new Error(field.reason);
    const { path, value } = field;
    return { path, json: value === undefined || isJsonScalar(value) ? value : JSON.stringify(value) };
  });
  const result = writeFields(fields);
  return result.ok ? result.json : result.reason;
}

describe('parseField()', () => {
  it.each([
    ['a=1', ['a'], '1'],
    ['a=', ['a'], ''],
    ['a=b=c', ['a'], 'b=c'],
    ['a=[1]', ['a'], '[1]'],
    ['a=\n', ['a'], '\n'],
    ['a b=1', ['a b'], '1'],
    ['a[b]=1', ['a', 'b'], '1'],
    ['a[b][c]=1', ['a', 'b', 'c'], '1'],
    ['a[]=1', ['a', ''], '1'],
    ['a[][b]=1', ['a', '', 'b'], '1'],
    ['a[]', ['a', ''], undefined],
  ])('parseField() of %j', (text, path, value) => {
    expect(parseField(text)).toEqual({ ok: true, path, value });
  });

  it.each([
    ['', 'a field has no name'],
    ['=1', 'a field has no name'],
    ['a', 'the field "a" has no value'],
    ['a[b]', 'the field "a[b]" has no value'],
    ['[a]=secret', '"[a]" is not a field\'s name'],
    ['a[b=secret', '"a[b" is not a field\'s name'],
    ['a]b=secret', '"a]b" is not a field\'s name'],
    ['a[b]c=secret', '"a[b]c" is not a field\'s name'],
    ['a[][]=1', '"a[][]" is a list in a list'],
    [`a${'[b]'.repeat(100)}=1`, 'a field has more than 100 levels'],
  ])('parseField() refuses %j, and shows no value', (text, reason) => {
    expect(parseField(text)).toEqual({ ok: false, reason });
  });
});

describe('writeFields()', () => {
  it.each([
    [['a=1', 'b=x'], '{"a":1,"b":"x"}'],
    [['b=1', 'a=2', '2=3', '1=4'], '{"b":1,"a":2,"2":3,"1":4}'],
    [
      ['n=12345678901234567890', 'x=1.0', 'y=-0', 'z=1E+2'],
      '{"n":12345678901234567890,"x":1.0,"y":-0,"z":1E+2}',
    ],
    [['a=true', 'b=false', 'c=null'], '{"a":true,"b":false,"c":null}'],
    [['a=007', 'b=+1', 'c=1.', 'd=NaN', 'e= 1'], '{"a":"007","b":"+1","c":"1.","d":"NaN","e":" 1"}'],
    [['u[id]=1', 'x=2', 'u[n]=y'], '{"u":{"id":1,"n":"y"},"x":2}'],
    [['t[]=a', 't[]=2'], '{"t":["a",2]}'],
    [['t[]'], '{"t":[]}'],
    [['t[]', 't[]=1', 't[]'], '{"t":[1]}'],
    [['u[t][]=1', 'u[t][]=2'], '{"u":{"t":[1,2]}}'],
    [['l[][a]=1', 'l[][b]=2', 'l[][a]=3'], '{"l":[{"a":1,"b":2},{"a":3}]}'],
    [['l[][t][]=1', 'l[][t][]=2', 'l[][n]=x', 'l[][n]=y'], '{"l":[{"t":[1,2],"n":"x"},{"n":"y"}]}'],
    [['l[][u][a]=1', 'l[][u][b]=2'], '{"l":[{"u":{"a":1,"b":2}}]}'],
    [['__proto__=1', 'constructor[prototype]=2'], '{"__proto__":1,"constructor":{"prototype":2}}'],
    [['a"b=\u2028"'], '{"a\\"b":"\u2028\\""}'],
    [[], '{}'],
  ])('writeFields() of %j', (texts, json) => {
    expect(written(...texts)).toBe(json);
  });

  it.each([
    [['a=1', 'a=2'], 'a'],
    [['a=1', 'a[b]=2'], 'a[b]'],
    [['a[b]=1', 'a=2'], 'a'],
    [['a=1', 'a[]=2'], 'a[]'],
    [['a[]=1', 'a[b]=2'], 'a[b]'],
    [['a[b]=1', 'a[]=2'], 'a[]'],
    [['a[b]=1', 'a[][b]=2'], 'a[][b]'],
  ])('writeFields() refuses %j', (texts, key) => {
    expect(written(...texts)).toBe(`the field "${key}" does not go with one before it`);
  });

  it('writeFields() writes strings that JSON.parse() reads back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const result = writeFields([{ path: ['a', 'b'], json: JSON.stringify(value) }]);
        expect(result.ok && JSON.parse(result.json)).toEqual({ a: { b: value } });
      }),
    );
  });

  it('isJsonScalar() says yes to what JSON.parse() takes, except strings, lists, objects and white space', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 0 }), fc.stringMatching(/^[-+.eE0-9]{1,8}$/)), (text) => {
        expect(isJsonScalar(text)).toBe(isScalar(text));
      }),
    );
  });
});

function isScalar(text: string): boolean {
  try {
    JSON.parse(text);
    return !/^["[{\s]|\s$/.test(text);
  } catch {
    return false;
  }
}
