import { isHeaderValue } from '../../../shared/header-value.js';
import { endpointsOf } from '../draft.js';
import { quoted } from '../finding.js';
import type { Rule } from './rule.js';

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
/** Headers that capnhook or the connection sets. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['content-length', 'content-type', 'transfer-encoding', 'connection', 'upgrade', 'expect'],
  ...['keep-alive', 'te', 'trailer', 'webhook-id', 'webhook-timestamp', 'webhook-signature'],
  ...['capnhook-hook', 'capnhook-attempt'],
]);

export const headerNames: Rule = {
  name: 'a header has a name that HTTP allows, appears once, and is not one that capnhook sets',
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

export const hosts: Rule = {
  name: 'a header `host` is a host, with or without a port',
  *check(draft) {
    for (const { name, value } of endpointsOf(draft).flatMap(({ headers }) => headers)) {
      if (name.value.toLowerCase() !== 'host' || !('value' in value.value)) continue;
      if (/^[^\s/\\?#@,]+$/.test(value.value.value)) continue;
      yield {
        at: value.at,
        message: "the header 'host' must be a host, such as api.example or api.example:8443",
      };
    }
  },
};

/** Placeholders of shells, GitHub Actions and others. Here they would be sent literally. */
const PLACEHOLDER = /\$\{|\{(?:env|file|credential)\b|(?:^|[\s=:,])\$[A-Za-z_][A-Za-z0-9_]*(?:[\s,;]|$)/;

export const placeholders: Rule = {
  name: "a header's value is literal, without variables",
  *check(draft) {
    for (const { value } of endpointsOf(draft).flatMap(({ headers }) => headers)) {
      if (!('value' in value.value) || !PLACEHOLDER.test(value.value.value)) continue;
      yield {
        at: value.at,
        message:
          'variables in a header value are not expanded; for the whole value write {env: NAME} without quotes',
      };
    }
  },
};
