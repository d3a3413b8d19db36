import { UserError } from './errors.ts';

/**
 * Returns the whole number that a flag was given, at least `minimum`; undefined where it was not given.
 * @throws {UserError} naming the flag and what was typed.
 */
export function parseWholeNumber(
  flag: string,
  value: unknown,
  minimum: number,
): number | undefined {
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= minimum)
    return number;
  throw new UserError(`\`${String(value)}\` is not a whole number from ${minimum} up`, {
    where: flag,
    hint: `write ${flag} with a number, such as ${flag} ${Math.max(minimum, 4)}`,
  });
}
