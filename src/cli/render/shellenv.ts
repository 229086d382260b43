/** The line of the functions that chooses the spool. */
const spoolLine = `  ch_spool=\${CAPNHOOK_SPOOL-}\n`;

/**
 * Renders the output of `capnhook shellenv`: the functions of `shell/capnhook-fire.sh` without comments, which an
 * interactive zsh would read as commands.
 * @param spool fixed directory to fire into; by default each call reads it from the environment
 */
export function renderShellenv(source: string, spool?: string): string {
  if (!source.includes(spoolLine)) throw new Error('Cannot tell where the functions choose their spool');
  const code = source.replace(/^ *(#.*)?\n/gm, '');
  return spool === undefined ? code : code.replace(spoolLine, () => `  ch_spool=${quoted(spool)}\n`);
}

/** Quotes a text as one shell word. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
