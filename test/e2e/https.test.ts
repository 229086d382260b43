/** https with the command line, whose undici is a part of the whole one. */
import { expect, onTestFinished, test } from 'vitest';
import { newCertificate } from '../support/certificate.js';
import { startReceiver } from '../support/receiver.js';
import { createWorld } from '../support/world.js';

test('capnhook drain delivers over https to whom Node trusts, and to nobody else', async () => {
  const world = createWorld();
  const tls = newCertificate();
  const receiver = await startReceiver(undefined, { tls });
  onTestFinished(() => receiver.close());
  world.hooks(`hooks: {complete: ["${receiver.url}/in"]}\ndefaults: {retry: {schedule: [10ms]}}\n`);
  await world.run(['fire', 'complete', '-d', '{"id":1}']);

  const refused = await world.run(['drain']);
  expect(refused.code).toBe(75);
  expect(refused.stderr).toContain('the TLS certificate is self-signed');
  expect(receiver.requests).toEqual([]);

  const trusting = { env: { NODE_EXTRA_CA_CERTS: tls.certFile } };
  expect(await world.run(['drain', '--wait', '20s'], trusting)).toMatchObject({ code: 0 });
  expect(receiver.requests.map(({ path, body }) => [path, String(body)])).toEqual([['/in', '{"id":1}']]);
});
