/**
 * A shared spool into which other users put what they like, by hand and by
 * `fire`: it is accepted or put in corrupt/, the bytes sent are the bytes taken
 * in, and nobody can hold up the drain.
 */
import { closeSync, lstatSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { describe, expect, onTestFinished } from 'vitest';
import { repeats } from './support/measure.js';
import { readLedger } from './support/oracle.js';
import { needs, prefixOf, shareSpool } from './support/shared-spool.js';
import { testWith } from './support/test-with.js';

const testHere = testWith(needs);

describe('what another user fires', { repeats }, () => {
  testHere('capnhook drain delivers it, whoever fires and under whatever umask', async () => {
    const shared = await shareSpool();
    const ids: string[] = [];
    for (const user of ['submitter', 'root'] as const) {
      for (const umask of ['000', '022', '077']) {
        const id = `${user}-${umask}`;
        const fired = await shared.as(user, `umask ${umask}; capnhook fire load -d 1 --id ${id}`);
        expect(fired).toMatchObject({ code: 0, stderr: '' });
        expect(statSync(shared.incoming(`${id}.json`)).mode & 0o777, id).toBe(0o640);
        ids.push(id);
      }
    }
    expect(await shared.drain()).toMatchObject({ code: 0, stderr: '' });
    expect(shared.a.delivered).toEqual(new Map(ids.map((id) => [id, ['1']])));
    expect(shared.b.delivered).toEqual(shared.a.delivered);
  });

  testHere('nobody else of the group can list, change or remove it', async () => {
    const shared = await shareSpool();
    expect(await shared.as('submitter', 'capnhook fire load -d 1 --id one')).toMatchObject({ code: 0 });
    const one = 'incoming/one.json';
    for (const script of ['ls incoming', `rm -f ${one}`, `mv ${one} tmp/`, `echo 2 >> ${one}`]) {
      const tried = await shared.as('other', script);
      expect(tried.code, script).not.toBe(0);
      expect(tried.stderr, script).toMatch(/ermitted|denied/);
    }
    expect(await shared.drain()).toMatchObject({ code: 0 });
    expect(shared.a.delivered).toEqual(new Map([['one', ['1']]]));
  });
});

/** What somebody does to an entry `$1` of `incoming/`, and the reason in `corrupt/`; none for what is delivered. */
const ways: Record<string, [script: string, reason?: RegExp]> = {
  'mode-0666': ['umask 000; drop'],
  'mode-0640': ['umask 027; drop'],
  'mode-0600': ['umask 077; drop', /the drain may not read it/],
  'mode-0000': ['drop; chmod 000 $1', /the drain may not read it/],
  'hard-link': ['event > own/$id; ln own/$id $1'],
  'hard-link-private': ['umask 077; event > own/$id; ln own/$id $1', /the drain may not read it/],
  'symbolic-link': ['event > own/$id; ln -s "$PWD/own/$id" $1', /symbolic link/],
  'symbolic-link-to-a-file-of-the-drain': ['ln -s ../../private $1', /symbolic link/],
  'symbolic-link-to-nothing': ['ln -s nowhere $1', /symbolic link/],
  fifo: ['mkfifo $1', /regular file/],
  'fifo-with-a-writer': ['mkfifo $1; (timeout 20 sh -c "echo > $1" &) > /dev/null 2>&1', /regular file/],
  empty: [': > $1', /empty/],
};

describe('what another user puts into incoming/ by hand', { repeats }, () => {
  testHere('capnhook drain delivers it or puts it in corrupt/, and the rest goes on', async () => {
    const shared = await shareSpool();
    for (const [id, [script]] of Object.entries(ways)) {
      const tools = `
        event() { printf '{"id":"%s","hook":"load",\\n"payload":"by hand"}\\n' $id; }
        drop() { event > incoming/.$id && mv incoming/.$id incoming/$id.json; }`;
      const done = await shared.as('submitter', `${tools}\nid=${id}; set -- incoming/$id.json; ${script}`);
      expect(done, id).toMatchObject({ code: 0, stderr: '' });
    }
    await shared.as('other', `capnhook fire load -d '"beside"' --id zzz`);
    expect(await shared.drain()).toMatchObject({ code: 0 });

    const good = Object.keys(ways).filter((id) => ways[id]?.[1] === undefined);
    const delivered = new Map([
      ...good.map((id): [string, string[]] => [id, ['"by hand"']]),
      ['zzz', ['"beside"']],
    ]);
    for (const receiver of [shared.a, shared.b]) expect(receiver.delivered).toEqual(delivered);
    expect(readLedger(shared.spool)).toMatchObject({ incoming: new Set(), owed: new Set() });
    expect(readLedger(shared.spool).corrupt).toHaveLength(Object.keys(ways).length - good.length);
    for (const [id, [, reason]] of Object.entries(ways)) {
      if (reason) expect(readFileSync(`${shared.spool}/corrupt/${id}.json.why`, 'utf8'), id).toMatch(reason);
    }
    expect(readFileSync(`${shared.spool}/../private`, 'utf8')).toContain('private');
  });

  testHere(
    'directories, which only their owner may move: capnhook drain says so once, exits 0, and the rest goes on',
    async () => {
      const shared = await shareSpool();
      await shared.as('submitter', 'mkdir -p incoming/one.json/below tmp/theirs/below');
      await shared.as('submitter', 'mkdir -m 700 incoming/more1 incoming/more2');
      await shared.as('other', `capnhook fire load -d '"beside"' --id beside`);
      const drained = await shared.drain();
      expect(drained.code).toBe(0);
      const line =
        /^capnhook: \S+ in incoming\/ is not an event: .*EACCES.*; remove it as its owner, or as root$/gm;
      expect(drained.stderr.match(line)).toHaveLength(3);
      expect(drained.stderr.split('\n')).toHaveLength(4);
      expect(shared.a.delivered).toEqual(new Map([['beside', ['"beside"']]]));
      expect(lstatSync(shared.incoming('one.json')).isDirectory()).toBe(true);
      expect(await shared.drain('-q')).toMatchObject({ code: 0, stderr: '' });
      await shared.as('submitter', 'mkdir -m 700 incoming/again');
      expect(await shared.drain('-q')).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/again in inc/),
      });
      expect(await shared.drain('-q')).toMatchObject({ code: 0, stderr: '' });
    },
  );
});

/** The kernel keeps ordinary users from linking to what others own (protected_hardlinks), and not root. */
describe.each(['drain', 'root'] as const)(
  'what another user changes later, drained by %s',
  { repeats },
  (drainedBy) => {
    const before = '"what was taken in"';
    const after = '"what came later.."';

    testHere(
      'capnhook drain sends what it took in, though the submitter keeps a hard link and rewrites it',
      async () => {
        const shared = await shareSpool(drainedBy);
        shared.answer(500);
        const text = `{"id":"one","hook":"load","payload":${before}}`;
        const put = `printf '${text}' > own/kept; ln own/kept incoming/one.json`;
        expect(await shared.as('submitter', put)).toMatchObject({ code: 0 });
        expect(await shared.drain()).toMatchObject({ code: 75 });
        const rewrite = `printf '${text.replace(before, after)}' > own/kept`;
        expect(await shared.as('submitter', rewrite)).toMatchObject({ code: 0 });
        shared.answer(204);
        expect(await shared.drain('--wait', '20s')).toMatchObject({ code: 0 });
        for (const receiver of [shared.a, shared.b])
          expect(receiver.delivered).toEqual(new Map([['one', [before]]]));
      },
    );

    testHere(
      'capnhook drain sends the same bytes to all, though the submitter rewrites open files all the time',
      async () => {
        const shared = await shareSpool(drainedBy);
        shared.answer(500);
        const ids = Array.from({ length: 20 }, (_, n) => `e${n}`);
        const fires = ids.map((id) => `capnhook fire load -d '${before}' --id ${id}`);
        expect(await shared.as('submitter', fires.join(' && '))).toMatchObject({ code: 0 });
        const files = ids.map((id) => {
          const fd = openSync(shared.incoming(`${id}.json`), 'r+');
          return { fd, at: readFileSync(fd, 'utf8').indexOf(before) };
        });
        let rewritten = 0;
        const timer = setInterval(() => {
          rewritten += 1;
          for (const { fd, at } of files) writeSync(fd, rewritten % 2 === 0 ? before : after, at);
        }, 1);
        onTestFinished(() => clearInterval(timer));
        expect(await shared.drain()).toMatchObject({ code: 75 });
        const rewrittenBefore = rewritten;
        shared.answer(204);
        expect(await shared.drain('--wait', '20s')).toMatchObject({ code: 0 });
        clearInterval(timer);
        for (const { fd } of files) closeSync(fd);
        expect(rewrittenBefore).toBeGreaterThan(1);
        expect(shared.a.delivered).toEqual(shared.b.delivered);
        expect([...shared.a.delivered.keys()].sort()).toEqual([...ids].sort());
        for (const bodies of shared.a.delivered.values()) expect(bodies).toHaveLength(1);
      },
    );
  },
);

/** Holds a lease on a file (fcntl(2)), so that whoever opens it waits for it, and cares for no signal. */
const leaseHolder = `
  $SIG{IO} = 'IGNORE';
  open(my $file, '+<', $ARGV[0]) or die;
  fcntl($file, 1024, 1) or die "no lease: $!";
  print STDERR "leased\\n";
  sleep 25;
`;

testWith({ ...needs, commands: [...needs.commands, 'perl'] })(
  'a lease that another user holds on its file does not hold up capnhook drain',
  async () => {
    const shared = await shareSpool();
    for (const id of ['one', 'two'])
      expect(await shared.as('submitter', `capnhook fire load -d 1 --id ${id}`)).toMatchObject({ code: 0 });
    const holder = shared.world.launch('perl', ['-e', leaseHolder, shared.incoming('one.json')], {
      prefix: prefixOf('submitter'),
    });
    await holder.says('leased');
    const drained = await shared.drain();
    expect(drained.code).toBe(75);
    expect(drained.stderr).toMatch(/^capnhook: cannot read one\.json now \(EAGAIN\); will retry\n/);
    expect([...shared.a.delivered.keys()]).toEqual(['two']);
    holder.kill('SIGKILL');
    await holder.ended;
    expect(await shared.drain()).toMatchObject({ code: 0 });
    expect([...shared.a.delivered.keys()]).toEqual(['two', 'one']);
  },
);
