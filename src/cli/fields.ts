/** The options `-f` and `-F` of `fire`: a payload of fields. */
import { type Field, isJsonScalar, parseField, type ValuedField, writeFields } from '../event/fields.js';
import { maxPayloadBytes } from '../event/payload.js';
import { CapnhookError } from '../shared/errors.js';
import type { Io } from './io/io.js';
import { readPayload } from './io/read-payload.js';

/** Whether one of the typed fields is read from standard input. */
export function readsInputFor(typed: readonly string[]): boolean {
  return typed.some((text) => /^[^=]*=@-$/.test(text));
}

/**
 * Makes a payload of fields; the strings come first.
 * @param strings each `name=text`
 * @param typed each `name=value`, where `@FILE` is the text of a file and `@-` standard input
 * @throws CapnhookError `USAGE`, `NO_INPUT`, `PERMISSION`, or `BAD_PAYLOAD` for a file that is not UTF-8
 */
export function payloadOfFields(strings: readonly string[], typed: readonly string[], io: Io): Uint8Array {
  if (typed.filter((text) => readsInputFor([text])).length > 1)
    throw refusal('two fields read standard input', 'Put one of them into a file.');
  const fields = [
    ...strings.map(parse).map((field) => valued(field, JSON.stringify(field.value))),
    ...typed.map(parse).map((field) => valued(field, typedJson(field.value, io))),
  ];
  const written = writeFields(fields);
  if (written.ok) return Buffer.from(written.json);
  throw refusal(written.reason, 'Give each name once; a list is a[]=1, a member of a member a[b]=1.');
}

function parse(text: string): Field {
  const parsed = parseField(text);
  if (parsed.ok) return parsed;
  throw refusal(parsed.reason, 'Write -f name=text, -F count=3, -f user[name]=Jed or -f tags[]=a.');
}

function valued({ path }: Field, json: string | undefined): ValuedField {
  return { path, json };
}

function typedJson(value: string | undefined, io: Io): string | undefined {
  if (value === undefined || isJsonScalar(value)) return value;
  if (!value.startsWith('@')) return JSON.stringify(value);
  if (value === '@')
    throw refusal('there is no file name after @', 'For a text that begins with @ use -f instead of -F.');
  return JSON.stringify(textOf(readPayload(value.slice(1), maxPayloadBytes, io)));
}

function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  if (Buffer.byteLength(text) === bytes.length && Buffer.from(text).equals(bytes)) return text;
  throw new CapnhookError('BAD_PAYLOAD', 'Cannot fire: the file of a field is not UTF-8', {
    hint: 'Encode it, for example with base64, and give it with -f.',
  });
}

function refusal(message: string, hint: string): CapnhookError {
  return new CapnhookError('USAGE', `Cannot fire: ${message}`, { hint });
}
