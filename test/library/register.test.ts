import { describe, expect, it } from 'vitest';
import { deregister, drain, fireBatch, flush, register, targets } from '../../src/index.js';
import { here } from '../support/library-kit.js';
import { receiver } from '../support/receiver.js';

describe('register(), deregister() and targets()', () => {
  it('targets() lists registrations, or who receives a hook', async () => {
    const { options } = here();
    await register('**', 'http://b.example/', options);
    await register('complete', 'http://a.example/', options);
    expect((await targets(undefined, options)).map(({ hook }) => hook)).toEqual(['**', 'complete']);
    const [found] = await targets('complete', options);
    expect(found!.endpoints.map(({ url }) => url)).toEqual([
      { value: 'http://b.example/' },
      { value: 'http://a.example/' },
    ]);
    await expect(targets('a.example/s3cret', options)).rejects.toThrow(
      /^Cannot tell the targets: what was given is not/,
    );
    await expect(register('a.example/s3cret', 'complete', options)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.not.stringContaining('s3cret'),
      hint: expect.stringContaining('The hook comes first'),
    });
    await expect(targets('a b', options)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(targets('https://a.example/s3cret', options)).rejects.toThrow(
      /^Cannot tell the targets: a URL is not/,
    );
  });

  it('deregister() by URL, by name, by id, and of what is not registered', async () => {
    const { place, options } = here();
    const text =
      'hooks:\n  x: [chat, "http://a.example/"] # ours\n  y: [chat]\nendpoints:\n  chat: {url: "http://chat.example/"}\n';
    place.hooks(text);
    expect(await deregister('http://other.example/', options)).toEqual({
      removedFrom: [],
      moved: 0,
      queued: 0,
    });
    expect(place.readHooks()).toBe(text);
    expect(await deregister('chat', { ...options, hook: 'y' })).toEqual({
      removedFrom: ['y'],
      moved: 0,
      queued: 0,
    });
    expect(await deregister('http://chat.example', options)).toEqual({
      removedFrom: ['x'],
      moved: 0,
      queued: 0,
    });
    const [x] = await targets('x', options);
    expect(await deregister(x!.endpoints[0]!.id, options)).toEqual({
      removedFrom: ['x'],
      moved: 0,
      queued: 0,
    });
    await expect(deregister('http://a.example/#x', options)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(deregister('chat', { ...options, hook: '' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('deregister() and flush() count of a batch what is still owed', async () => {
    const { place, options } = here();
    const { url } = await receiver(({ headers }) => ({
      status: /_[12]$/.test(String(headers['webhook-id'])) ? 204 : 503,
    }));
    place.hooks(`hooks: {a: ["${url}"]}\ndefaults: {concurrency: 1}\n`);
    await fireBatch('a', Buffer.from('1\n2\n3\n4\n5\n'), options);
    expect(await drain(options)).toMatchObject({ delivered: 2, owed: 3 });
    expect(await deregister(url, options)).toEqual({ removedFrom: ['a'], moved: 3, queued: 0 });
    expect(await flush(options)).toMatchObject({ count: 0, endpoints: [] });
    expect(await drain(options)).toMatchObject({ delivered: 0, owed: 0 });
  });
});
