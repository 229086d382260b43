import { isAbsolute } from 'node:path';
import type { Secret } from '../../../endpoint/endpoint.js';
import { parseWebhookUrl } from '../../../event/webhook-url.js';
import { endpointsOf } from '../draft.js';
import type { Finding, Positioned } from '../finding.js';
import type { Rule } from './rule.js';

export const urls: Rule = {
  name: 'a URL is complete, with http or https',
  *check(draft) {
    for (const { url } of endpointsOf(draft)) {
      if (url === undefined || !('value' in url.value)) continue;
      const parsed = url.normal === undefined ? parseWebhookUrl(url.value.value) : undefined;
      if (parsed?.ok === false) yield { at: url.at, message: parsed.reason };
      else if (PLACEHOLDER.test(url.value.value)) yield { at: url.at, message: NO_VARIABLES };
    }
  },
};

/** `${NAME}` anywhere, or `$NAME` as a whole part. Only upper case: OData uses `$filter` and `$top`. */
const PLACEHOLDER = /\$\{|[/=]\$[A-Z_][A-Z0-9_]+(?:[/&?]|$)/;

const NO_VARIABLES =
  "variables in a URL are not expanded; write 'url: {env: NAME}' if the variable holds the whole URL";

export const references: Rule = {
  name: 'a reference is valid, and independent of the working directory',
  *check(draft) {
    for (const { url, headers, sign } of endpointsOf(draft)) {
      const secrets = [...(url === undefined ? [] : [url]), ...headers.map(({ value }) => value), ...sign];
      yield* secrets.flatMap(checkReference);
    }
  },
};

function checkReference({ at, value }: Positioned<Secret>): Finding[] {
  const message = whyNotReference(value);
  return message === undefined ? [] : [{ at, message }];
}

function whyNotReference(secret: Secret): string | undefined {
  if ('env' in secret && !/^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(secret.env)) {
    return "'env' must be the name of an environment variable, such as AUDIT_SECRET, not its value";
  }
  if ('file' in secret && (!isAbsolute(secret.file) || secret.file.includes('\0'))) {
    return "'file' must be an absolute path: it must not depend on the working directory";
  }
  if ('credential' in secret && !/^(?!\.{1,2}$)[A-Za-z0-9_.@:-]{1,255}$/.test(secret.credential)) {
    return "'credential' must be the name of a systemd credential, not a path or a value";
  }
  return undefined;
}
