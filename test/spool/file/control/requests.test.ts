/** `control/`: requests as people and other versions write them. */
import { mkdirSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { madeSpool, names, quickDir, read, sideOf, spoolAt } from '../../../support/spool-kit.js';

/** A spool with a file in `control/`, a minute old. */
function withRequest(text: string): string {
  const root = madeSpool(quickDir());
  mkdirSync(`${root}/control`, { recursive: true });
  writeFileSync(`${root}/control/x.json`, text);
  utimesSync(`${root}/control/x.json`, Date.now() / 1000 - 60, Date.now() / 1000 - 60);
  return root;
}

async function requestsIn(root: string) {
  const side = await sideOf(spoolAt(root));
  const found = side.requests();
  await side.close();
  return found;
}

describe('requests()', () => {
  it('reads what a person has written', async () => {
    const root = withRequest('{\n  "request": "pause",\n  "endpoints": ["chat"],\n  "by": "jed"\n}');
    const wish = { kind: 'pause', select: { endpoints: ['chat'] }, by: 'jed' };
    expect(await requestsIn(root)).toEqual({ requests: [{ id: 'x', wish }], unknown: [] });
  });

  it('reads a request that names thousands of events', async () => {
    const ids = Array.from({ length: 10_000 }, (_, n) => `evt_01M84Y6NEAK8SF1JZHYKMX0QPY_${n}`);
    const root = withRequest(JSON.stringify({ request: 'drop', by: 'jed', ids }));
    expect((await requestsIn(root)).requests).toMatchObject([{ wish: { kind: 'drop', select: { ids } } }]);
  });

  it('reads a request to deregister as the version before has written it', async () => {
    const root = withRequest('{"capnhook":1,"request":"deregister","endpoints":["chat"],"hook":"build.*"}\n');
    const wish = { kind: 'deregister', select: { endpoints: ['chat'], hook: 'build.*' } };
    expect((await requestsIn(root)).requests).toEqual([{ id: 'x', wish }]);
  });

  it.each([
    ['{"capnhook":1,"request":"teleport","endpoints":["chat"]}', 'this version cannot teleport'],
    ['{"request":"resume","endpoints":["chat"],"colour":"red"}', 'this version does not know its colour'],
    ['{"request":"resume","endpoints":["chat"],"toString":1}', 'this version does not know its toString'],
    ['{"capnhook":2,"request":"resume","endpoints":["chat"]}', 'it has a newer format'],
    ['{"request":"constructor"}', 'this version cannot constructor'],
    ['{"request":"retry","states":["dead","lost"]}', 'this version does not know its states'],
    ['{"request":"resume","endpoints":["chat"],"hook":"x"}', 'this version does not know its hook'],
  ])('leaves %s, which a newer version may know, and tells it once', async (text, reason) => {
    const root = withRequest(text);
    const side = await sideOf(spoolAt(root));
    expect(side.requests()).toEqual({ requests: [], unknown: [{ name: 'x.json', reason }] });
    expect(side.requests().unknown).toEqual([]);
    await side.close();
    expect(await requestsIn(root)).toEqual({ requests: [], unknown: [] });
    expect(read(`${root}/control/x.json`)).toBe(text);
    writeFileSync(`${root}/control/y.json`, text);
    expect((await requestsIn(root)).unknown).toEqual([{ name: 'y.json', reason }]);
    for (const name of ['x.json', 'y.json']) unlinkSync(`${root}/control/${name}`);
    expect(await spoolAt(root).idle()).toBe(true);
  });

  it.each([
    'garbage',
    '[]',
    '"pause"',
    '{"endpoints":["chat"]}',
    '{"request":"resume"}',
    '{"request":"pause","endpoints":["chat"]}',
    '{"request":"pause","endpoints":["../x"],"by":"jed"}',
    '{"request":"pause","endpoints":["chat"],"by":"jed","until":"noon"}',
    '{"request":"deregister","endpoints":"chat"}',
  ])('puts %s aside', async (text) => {
    const root = withRequest(text);
    expect(await requestsIn(root)).toEqual({ requests: [], unknown: [] });
    expect(names(`${root}/control`)).toEqual([]);
    expect(names(`${root}/corrupt`)).toEqual(['x.json', 'x.json.why']);
  });
});
