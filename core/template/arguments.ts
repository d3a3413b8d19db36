// Matching the arguments of a call with the parameters of a function written in this program.

import { ValueFault } from './errors.ts';
import type { Value } from './values.ts';

/**
 * Puts positional and keyword arguments in the order of the parameters; what was not given is
 * undefined. The first `required` parameters must be given.
 */
export function bindArguments(
  name: string,
  parameters: readonly string[],
  required: number,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
): readonly (Value | undefined)[] {
  if (args.length > parameters.length) {
    throw new ValueFault(
      `\`${name}\` takes at most ${count(parameters.length)}, not ${args.length}`,
    );
  }
  const bound: (Value | undefined)[] = [...args];
  for (const [keyword, value] of kwargs) {
    const index = parameters.indexOf(keyword);
    if (index === -1) throw new ValueFault(`\`${name}\` has no argument \`${keyword}\``);
    if (bound[index] !== undefined) {
      throw new ValueFault(`\`${name}\` is given the argument \`${keyword}\` twice`);
    }
    bound[index] = value;
  }
  for (let index = 0; index < required; index += 1) {
    if (bound[index] !== undefined) continue;
    throw new ValueFault(`\`${name}\` needs the argument \`${parameters[index]}\``);
  }
  return bound;
}

function count(n: number): string {
  if (n === 0) return 'no arguments';
  return n === 1 ? '1 argument' : `${n} arguments`;
}
