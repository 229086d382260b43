/**
 * The environment of everything that is measured: a few variables that are
 * needed, and nothing that changes how Node starts. `NODE_EXTRA_CA_CERTS` by
 * itself adds more to each start of Node than `fire` takes, and so hides it.
 */
const kept = ['HOME', 'LANG', 'PATH', 'TMPDIR'];

/** @param {Record<string, string>} [more] variables on top */
export function cleanEnv(more = {}) {
  const env = Object.fromEntries(kept.map((name) => [name, process.env[name]]));
  return { ...env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, ...more };
}
