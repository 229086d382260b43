import { ON_FAILURES, ORDERS } from '../../../endpoint/endpoint.js';
import { parseRate } from '../../../endpoint/rate.js';
import { isHookName } from '../../../event/hook-name.js';
import { matchesHook } from '../../../event/hook-pattern.js';
import { endpointsOf, settingsOf } from '../draft.js';
import { MUST_BE, NONE } from '../must-be.js';
import type { Rule } from './rule.js';

export const rates: Rule = {
  name: 'a rate is a number of attempts and a unit of time',
  *check(draft) {
    for (const { rate } of settingsOf(draft)) {
      if (rate === undefined || rate.value === NONE || parseRate(rate.value) !== undefined) continue;
      const message =
        "bad rate; write a number from 1 to 10000 and a unit, such as 10/s, 100/m, 1000/h or 5000/d, or write 'none'";
      yield { at: rate.at, message };
    }
  },
};

export const orders: Rule = {
  name: 'order and onFailure have known values that fit together',
  *check(draft) {
    for (const { order, onFailure } of settingsOf(draft)) {
      if (order !== undefined && !ORDERS.some((word) => word === order.value))
        yield { at: order.at, message: MUST_BE.order };
      if (onFailure !== undefined && !ON_FAILURES.some((word) => word === onFailure.value))
        yield { at: onFailure.at, message: MUST_BE.onFailure };
    }
    for (const { order = draft.defaults.order, onFailure, concurrency } of endpointsOf(draft)) {
      const isStrict = order?.value === 'strict';
      if (isStrict && concurrency !== undefined && concurrency.value > 1)
        yield { at: concurrency.at, message: "in strict order 'concurrency' can only be 1; leave it out" };
      if (!isStrict && onFailure !== undefined)
        yield { at: onFailure.at, message: "'onFailure' has a meaning only with 'order: strict'" };
    }
  },
};

export const commands: Rule = {
  name: 'a command is a program, by its name or its absolute path, and its arguments',
  *check(draft) {
    for (const { onChange } of settingsOf(draft)) {
      if (onChange === undefined) continue;
      const [program] = onChange.value;
      // A relative path would depend on where the drain was started.
      if (program !== undefined && (program.value === '' || /^[^/].*\//.test(program.value)))
        yield {
          at: program.at,
          message: 'the program must be a name that is looked up in PATH, or an absolute path',
        };
      for (const { at, value } of onChange.value)
        if (value.includes('\0')) yield { at, message: 'a part of a command cannot hold a NUL' };
    }
  },
};

export const alerts: Rule = {
  name: 'alert is the name of a hook with a registered endpoint',
  *check({ defaults: { alert }, hooks }) {
    if (alert === undefined) return;
    if (!isHookName(alert.value))
      yield { at: alert.at, message: "'alert' must be the name of a hook, such as capnhook.trouble" };
    else if (!hooks.some(({ pattern, items }) => items.length > 0 && matchesHook(pattern.value, alert.value)))
      yield { at: alert.at, message: "nobody is registered for the hook of 'alert': alerts would be lost" };
  },
};
