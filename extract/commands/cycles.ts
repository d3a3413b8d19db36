import { UserError } from '../../core/errors.ts';
import { checkCycle } from '../datasets/catalog.ts';

/**
 * Parses `--cycle`, as often as it is given, and a range such as `--cycles 2020-2024`. Returns each cycle
 * once, the oldest first.
 * @throws {UserError} for what is no cycle, and when none is given.
 */
export function parseCycles(single: unknown, range: unknown): readonly number[] {
  const given = Array.isArray(single) ? single.map((text) => parseCycle(String(text))) : [];
  const all = [...given, ...(typeof range === 'string' ? parseRange(range) : [])];
  if (all.length === 0) {
    throw new UserError('no cycle is named', {
      where: '--cycle',
      hint: 'give the even year that ends the cycle, such as `--cycle 2024`, or `--cycles 2020-2024`',
    });
  }
  for (const cycle of all) checkCycle(cycle);
  return [...new Set(all)].sort((a, b) => a - b);
}

function parseCycle(text: string): number {
  if (/^-?\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  throw new UserError(`\`${text}\` is not a cycle`, {
    where: '--cycle',
    hint: /^\d{4}-\d{4}$/.test(text.trim())
      ? `name a range with \`--cycles ${text.trim()}\``
      : 'give the even year that ends the cycle, from 1980 on, such as `--cycle 2024`',
  });
}

function parseRange(range: string): readonly number[] {
  const [, from, to] = /^(\d{4})-(\d{4})$/.exec(range.trim()) ?? [];
  const first = Number(from);
  const last = Number(to);
  if (from === undefined || to === undefined || first > last) {
    throw new UserError(`\`${range}\` is not a range of cycles`, {
      where: '--cycles',
      hint: 'write the first and the last cycle: `--cycles 2020-2024`',
    });
  }
  checkCycle(first);
  checkCycle(last);
  return Array.from({ length: (last - first) / 2 + 1 }, (_, step) => first + 2 * step);
}
