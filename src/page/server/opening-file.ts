/**
 * How `--open` takes a browser to the page: a file that only this user can read posts a one-time code. The arguments of
 * a program are visible to every user of a machine, and a browser keeps addresses; neither has the code.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A private file, and how to remove it. */
export interface OpeningFile {
  path: string;
  remove(): void;
}

/** Writes the file, in a private directory of its own. @throws the errno of a failed write */
export function writeOpeningFile(origin: string, code: string): OpeningFile {
  const directory = mkdtempSync(join(tmpdir(), 'capnhook-open-')); // 0700
  const path = join(directory, 'open.html');
  writeFileSync(path, openingPage(origin, code), { mode: 0o600, flag: 'wx' });
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** Both come from this process: an origin and base64url. */
function openingPage(origin: string, code: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Opening the dashboard of capnhook</title>
<form method="post" action="${origin}/enter">
<input type="hidden" name="code" value="${code}">
<button>Open the dashboard</button>
</form>
<script>document.forms[0].submit()</script>
`;
}
