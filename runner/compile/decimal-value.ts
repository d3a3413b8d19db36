import { asNumeric } from '../../core/template/number.ts';
import { FloatValue, type HostObject, type Value } from '../../core/template/values.ts';

/** A numeric of the database, as Python's Decimal: it prints its own digits. */
interface DecimalValue extends HostObject {
  readonly digits: string;
}

/**
 * Makes a decimal. It compares with every number, and adds, subtracts and multiplies where both sides
 * are whole; what would need Python's rounding fails.
 */
export function decimalValue(digits: string): DecimalValue {
  const compare = (other: Value): number | undefined => {
    if (isDecimal(other)) return Number(digits) - Number(other.digits);
    const number = asNumeric(other);
    if (number === undefined) return undefined;
    return Number(digits) - Number(number instanceof FloatValue ? number.value : number);
  };
  return {
    kind: 'host',
    typeName: 'Decimal',
    digits,
    getAttribute: () => undefined,
    toText: () => digits,
    toRepr: () => `Decimal('${digits}')`,
    isTrue: () => Number(digits) !== 0,
    toFloat: () => Number(digits),
    compare,
    equals: (other) => compare(other) === 0,
    hashKey: () => `Decimal${Number(digits)}`,
    operate: (operator, other, isReflected) => {
      const [own, given] = [wholeOf(digits), wholeOf(isDecimal(other) ? other.digits : other)];
      if (own === undefined || given === undefined) return undefined;
      const [left, right] = isReflected ? [given, own] : [own, given];
      if (operator === '+') return decimalValue(String(left + right));
      if (operator === '-') return decimalValue(String(left - right));
      return operator === '*' ? decimalValue(String(left * right)) : undefined;
    },
  };
}

function wholeOf(value: Value): bigint | undefined {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'bigint') return value;
  return typeof value === 'string' && /^-?\d+$/.test(value) ? BigInt(value) : undefined;
}

function isDecimal(value: Value): value is DecimalValue {
  return typeof value === 'object' && value !== null && 'digits' in value;
}
