/** Where the functions say which spool they fire into. */
const spoolLine = `  ch_spool=\${CAPNHOOK_SPOOL-}\n`;

/**
 * What `capnhook shellenv` prints: the functions of `shell/capnhook-fire.sh` without comments, which an interactive
 * zsh would take for commands.
 * @param spool the directory that they fire into, whatever the environment says; default by the environment of each call
 */
export function renderShellenv(source: string, spool?: string): string {
  if (!source.includes(spoolLine)) throw new Error('Cannot tell where the functions choose their spool');
  const code = source.replace(/^ *(#.*)?\n/gm, '');
  return spool === undefined ? code : code.replace(spoolLine, () => `  ch_spool=${quoted(spool)}\n`);
}

/** A text as one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
