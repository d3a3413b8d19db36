// An enforced contract: what it promises against what the query returns, column by column.

import type { ContractColumn } from '../compile/design.ts';

/** A column that a query returns, or a type that a contract names, as the server describes it. */
export interface DescribedColumn {
  readonly name: string;
  /** OID of its type. */
  readonly typeId: number;
  /** -1 where the type has none. */
  readonly modifier: number;
  /** As `format_type` prints it. */
  readonly type: string;
}

interface Difference {
  readonly column: string;
  readonly query: string;
  readonly contract: string;
  readonly reason: string;
}

/**
 * Compares a query with its contract and returns the differences as a table; undefined where there are
 * none. A type without a modifier takes one with any, as `numeric` takes `numeric(14,2)`, and the
 * other way round; two different modifiers are a difference, since values would be rounded in silence.
 */
export function compareContract(
  promised: readonly DescribedColumn[],
  returned: readonly DescribedColumn[],
): string | undefined {
  const query = new Map(returned.map((column) => [column.name, column]));
  const contract = new Set(promised.map(({ name }) => name));
  const differences: Difference[] = [];
  for (const { name, typeId, modifier, type } of promised) {
    const found = query.get(name);
    if (found === undefined) {
      differences.push({ column: name, query: '', contract: type, reason: 'missing in the query' });
    } else if (found.typeId !== typeId) {
      differences.push({ column: name, query: found.type, contract: type, reason: 'another type' });
    } else if (found.modifier !== modifier && found.modifier !== -1 && modifier !== -1) {
      const reason = 'another length or precision';
      differences.push({ column: name, query: found.type, contract: type, reason });
    }
  }
  for (const { name, type } of returned) {
    if (contract.has(name)) continue;
    differences.push({
      column: name,
      query: type,
      contract: '',
      reason: 'missing in the contract',
    });
  }
  return differences.length === 0 ? undefined : formatDifferences(differences);
}

/** One row with a column of each type that the contract names, for the server to describe. */
export function describeTypes(columns: readonly ContractColumn[]): string {
  const list = columns.map(({ type }, index) => `cast(null as ${type}) as c${index}`);
  return `select ${list.join(', ')} limit 0`;
}

function formatDifferences(differences: readonly Difference[]): string {
  const rows = [
    ['column', 'query', 'contract', ''],
    ...differences.map(({ column, query, contract, reason }) => [column, query, contract, reason]),
  ];
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')}`.trimEnd();
  const rule = `  ${widths.map((width) => '-'.repeat(width)).join('-+-')}-+-${'-'.repeat(23)}`;
  const [head = [], ...body] = rows;
  return [line([...head.slice(0, 3), 'difference']), rule, ...body.map(line)].join('\n');
}
