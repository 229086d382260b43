import { chmodSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';

/**
 * Replaces a file as a whole: a reader finds the old text or the new one. It may be read by everybody (0644).
 * @param options.token names the temporary file beside it, uniquely
 * @throws the errno of what failed; the file is then as it was
 */
export function replaceText(path: string, text: string, { token }: { token: string }): void {
  const temporary = `${path}.${token}.tmp`;
  try {
    writeFileSync(temporary, text, { flag: 'wx', mode: 0o644 });
    chmodSync(temporary, 0o644); // whatever the umask
    renameSync(temporary, path);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // it was not made, or is renamed
    }
    throw error;
  }
}
