/** Variables that are passed on to a user's command; so are all that begin with `LC_` or `XDG_`. */
const passed: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'LANG', 'LANGUAGE'],
  ...['HOSTNAME', 'DBUS_SESSION_BUS_ADDRESS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'],
]);

/**
 * The environment of a user's command: the usual variables, without those that hold secrets of endpoints.
 * `CAPNHOOK_SPOOL` and `CAPNHOOK_CONFIG` name the files of the running drain, so that the command can fire events.
 */
export function commandEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  { spool, config }: { spool: string; config: string },
): Record<string, string> {
  const small: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && (passed.has(name) || /^(?:LC|XDG)_/.test(name))) small[name] = value;
  }
  small.CAPNHOOK_SPOOL = spool;
  small.CAPNHOOK_CONFIG = config;
  return small;
}
