import { isHeaderValue } from '../../shared/header-value.js';
import { endpointsOf } from '../draft.js';
import { quoted } from '../finding.js';
import type { Rule } from './rule.js';

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
/** Written by capnhook or by the connection. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['host', 'content-length', 'content-type', 'transfer-encoding', 'connection', 'upgrade', 'expect'],
  ...['keep-alive', 'te', 'trailer', 'webhook-id', 'webhook-timestamp', 'webhook-signature'],
  ...['capnhook-hook', 'capnhook-attempt'],
]);

export const headerNames: Rule = {
  name: 'a header has a name that HTTP allows, once, and not one that capnhook sets',
  *check(draft) {
    for (const { headers } of endpointsOf(draft)) {
      const seen = new Set<string>();
      for (const { at, value } of headers.map((header) => header.name)) {
        const name = value.toLowerCase();
        if (!TOKEN.test(value)) yield { at, message: 'bad header name; it takes letters, digits and dashes' };
        else if (RESERVED.has(name))
          yield { at, message: `the header '${name}' is set by capnhook; remove it here` };
        else if (seen.has(name)) yield { at, message: `duplicate header ${quoted(name) ?? ''}`.trim() };
        seen.add(name);
      }
    }
  },
};

export const headerValues: Rule = {
  name: "a header's value is one line of Latin-1 text",
  *check(draft) {
    for (const { value } of endpointsOf(draft).flatMap(({ headers }) => headers)) {
      if (!('value' in value.value) || isHeaderValue(value.value.value)) continue;
      const message =
        'bad header value; it must be one line, without control characters or characters beyond Latin-1';
      yield { at: value.at, message };
    }
  },
};
