import { describe, expect, it } from 'vitest';
import { commandEnvironment } from '../../src/command/command-environment.js';

describe('commandEnvironment()', () => {
  it('commandEnvironment() passes on what programs need to find their way, and no secret', () => {
    const env = {
      PATH: '/bin',
      HOME: '/home/jed',
      LC_ALL: 'C',
      XDG_RUNTIME_DIR: '/run/user/1',
      TZ: undefined,
      SLACK_WEBHOOK_URL: 'https://hooks.example/secret',
      CREDENTIALS_DIRECTORY: '/run/credentials',
      CAPNHOOK_SPOOL: 'another',
    };
    expect(commandEnvironment(env, { spool: '/spool', config: '/hooks.yaml' })).toEqual({
      PATH: '/bin',
      HOME: '/home/jed',
      LC_ALL: 'C',
      XDG_RUNTIME_DIR: '/run/user/1',
      CAPNHOOK_SPOOL: '/spool',
      CAPNHOOK_CONFIG: '/hooks.yaml',
    });
  });
});
