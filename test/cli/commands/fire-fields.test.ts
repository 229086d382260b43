import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPlace } from '../../support/place.js';
import { tempDir } from '../../support/temp.js';

describe('capnhook fire with fields', () => {
  it.each([
    [['-f', 'name=Jed', '-f', 'id=1'], '{"name":"Jed","id":"1"}'],
    [
      ['-F', 'id=12345678901234567890', '-F', 'ok=true', '-F', 'x=1.0'],
      '{"id":12345678901234567890,"ok":true,"x":1.0}',
    ],
    [['-F', 'b=1', '-f', 'a=2'], '{"a":"2","b":1}'],
    [['-f', 'user[name]=Jed', '-F', 'user[id]=7'], '{"user":{"name":"Jed","id":7}}'],
    [['--raw-field', 'tags[]=a', '--field=tags[]=1', '-F', 'none[]'], '{"tags":["a",1],"none":[]}'],
    [['-f', 'at=@home', '-f', 'dash=-', '-F', 'minus=-'], '{"at":"@home","dash":"-","minus":"-"}'],
  ])('fire complete %j queues the payload', async (argv, payload) => {
    const place = createPlace();
    expect(await place.run(['fire', 'complete', ...argv])).toMatchObject({ code: 0, stderr: '' });
    expect(place.only('incoming')).toContain(`"payload":${payload}\n`);
  });

  it('fire -F a=@FILE and a=@- take the text of a file and of standard input', async () => {
    const place = createPlace();
    const file = join(tempDir(), 'log.txt');
    writeFileSync(file, 'line "1"\n');
    const argv = ['fire', 'complete', '-F', `log=@${file}`, '-F', 'in=@-'];
    expect(await place.run(argv, { input: '7' })).toMatchObject({ code: 0 });
    expect(place.only('incoming')).toContain('"payload":{"log":"line \\"1\\"\\n","in":"7"}\n');
  });

  it.each<[string[], number, string]>([
    [['-f', 'a=1', '-d', '1'], 64, 'fields and --data cannot be combined'],
    [['-F', 'a=1', '--ndjson', '-'], 64, 'fields and --ndjson cannot be combined'],
    [['p.json', '-f', 'a=1'], 64, 'two payloads: a file, and fields'],
    [['-f', 'a'], 64, 'the field "a" has no value'],
    [['-f', 'a=1', '-F', 'a=2'], 64, 'the field "a" does not go with one before it'],
    [['-F', 'a=@'], 64, 'there is no file name after @'],
    [['-F', 'a=@-', '-F', 'b=@-'], 64, 'two fields read standard input'],
    [['-F', 'a=@-', '--to', '-'], 64, 'both the URLs and the payload'],
    [['-F', 'a=@missing.txt'], 66, 'Cannot read the payload from "missing.txt": there is no such file'],
    [['-F', 'a=@/dev/stdin/x'], 66, 'Cannot read the payload'],
  ])('fire complete %j is refused, and nothing is queued', async (argv, code, message) => {
    const place = createPlace();
    const ran = await place.run(['fire', 'complete', ...argv], { input: '' });
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
    expect(place.names('incoming')).toEqual([]);
  });

  it('fire -F refuses a file that is not UTF-8', async () => {
    const place = createPlace();
    const file = join(tempDir(), 'latin1.txt');
    writeFileSync(file, Buffer.from([0x61, 0xe9]));
    expect(await place.run(['fire', 'complete', '-F', `a=@${file}`])).toMatchObject({
      code: 65,
      stderr: expect.stringContaining('the file of a field is not UTF-8'),
    });
    expect(place.names('incoming')).toEqual([]);
  });
});
