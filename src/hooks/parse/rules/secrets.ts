import { isAbsolute } from 'node:path';
import type { Secret } from '../../../endpoint/endpoint.js';
import { parseWebhookUrl } from '../../../event/webhook-url.js';
import { endpointsOf } from '../draft.js';
import type { Finding, Placed } from '../finding.js';
import type { Rule } from './rule.js';

export const urls: Rule = {
  name: 'a URL is a whole one, of http or https',
  *check(draft) {
    for (const { url } of endpointsOf(draft)) {
      if (url === undefined || !('value' in url.value)) continue;
      const parsed = parseWebhookUrl(url.value.value);
      if (!parsed.ok) yield { at: url.at, message: parsed.reason };
      else if (PLACEHOLDER.test(url.value.value)) yield { at: url.at, message: NO_VARIABLES };
    }
  },
};

/** `${NAME}` anywhere, or `$NAME` for a whole part: OData has `$filter` and `$top`, in lower case. */
const PLACEHOLDER = /\$\{|[/=]\$[A-Z_][A-Z0-9_]+(?:[/&?]|$)/;

const NO_VARIABLES =
  "no variable is put into a URL, which is used as it stands; write 'url: {env: NAME}' where the variable holds the whole URL";

export const references: Rule = {
  name: 'a reference says where a secret can be, whatever the working directory is',
  *check(draft) {
    for (const { url, headers, sign } of endpointsOf(draft)) {
      const secrets = [...(url === undefined ? [] : [url]), ...headers.map(({ value }) => value), ...sign];
      yield* secrets.flatMap(checkReference);
    }
  },
};

function checkReference({ at, value }: Placed<Secret>): Finding[] {
  const message = whyNotReference(value);
  return message === undefined ? [] : [{ at, message }];
}

function whyNotReference(secret: Secret): string | undefined {
  if ('env' in secret && !/^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(secret.env)) {
    return "'env' must be the name of an environment variable, such as AUDIT_SECRET, not its value";
  }
  if ('file' in secret && (!isAbsolute(secret.file) || secret.file.includes('\0'))) {
    return "'file' must be an absolute path; nothing depends on the working directory";
  }
  if ('credential' in secret && !/^(?!\.{1,2}$)[A-Za-z0-9_.@:-]{1,255}$/.test(secret.credential)) {
    return "'credential' must be the name of a systemd credential, not a path or a value";
  }
  return undefined;
}
