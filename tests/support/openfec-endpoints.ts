// What the double of the API answers: validation, filters, both kinds of paging. By the API's specification.

import { type Row, type Tables, textOf, type Value, writeJson } from './openfec-data.ts';

/** An answer with its status; errors have the application's shape. */
export interface Reply {
  readonly status: number;
  readonly body: string;
}

interface Endpoint {
  readonly table: keyof Tables;
  readonly paging: 'page' | 'seek';
  readonly key: string;
  readonly sorts: readonly string[];
  readonly defaultSort: string;
  /** Parameters that a field must be equal to, one of the values. */
  readonly equal: readonly string[];
  /** Parameters with their field and side; `T` compares timestamps, `D` days. */
  readonly ranges: Readonly<
    Record<string, readonly [field: string, side: 'min' | 'max', as: 'T' | 'D']>
  >;
  readonly cycle: string;
  /** Parameters of which at most ten values are taken. */
  readonly capped?: readonly string[];
  /** Any one of these, or exactly one cycle, must be given. */
  readonly secondary?: readonly string[];
  /** Keeps only some of the rows: an endpoint with several paths. */
  readonly only?: (row: Row) => boolean;
}

const totals = (types: string): Endpoint => ({
  table: 'committee_totals',
  paging: 'page',
  key: 'committee_id',
  sorts: ['committee_id', 'cycle', 'receipts'],
  defaultSort: '-cycle',
  equal: ['committee_id', 'committee_type', 'committee_state'],
  ranges: {},
  cycle: 'cycle',
  only: (row) => types.includes(textOf(row['committee_type']) ?? '?'),
});

const endpoints: Readonly<Record<string, Endpoint>> = {
  '/committees/': {
    table: 'committees',
    paging: 'page',
    key: 'committee_id',
    sorts: ['committee_id', 'name', 'party', 'state'],
    defaultSort: 'name',
    equal: ['committee_id', 'state', 'party', 'committee_type', 'designation'],
    ranges: {},
    cycle: 'cycle',
  },
  '/candidates/': {
    table: 'candidates',
    paging: 'page',
    key: 'candidate_id',
    sorts: ['candidate_id', 'name', 'party', 'state'],
    defaultSort: 'name',
    equal: ['candidate_id', 'state', 'party', 'office'],
    ranges: {},
    cycle: 'cycle',
  },
  '/candidates/totals/': {
    table: 'candidate_totals',
    paging: 'page',
    key: 'candidate_id',
    sorts: ['candidate_id', 'election_year', 'receipts'],
    defaultSort: '-election_year',
    equal: ['candidate_id', 'state', 'office'],
    ranges: {},
    cycle: 'cycle',
  },
  '/totals/house-senate/': totals('HS'),
  '/totals/presidential/': totals('P'),
  '/totals/pac-party/': totals('NQVWXYOUD'),
  '/totals/ie-only/': totals('CEI'),
  '/filings/': {
    table: 'filings',
    paging: 'page',
    key: 'sub_id',
    sorts: ['receipt_date', 'committee_id', 'report_year'],
    defaultSort: '-receipt_date',
    equal: ['committee_id', 'form_type', 'report_type', 'file_number'],
    ranges: {
      min_receipt_date: ['receipt_date', 'min', 'D'],
      max_receipt_date: ['receipt_date', 'max', 'D'],
    },
    cycle: 'cycle',
  },
  '/schedules/schedule_a/': {
    table: 'schedule_a',
    paging: 'seek',
    key: 'sub_id',
    sorts: ['contribution_receipt_date', 'contribution_receipt_amount'],
    defaultSort: '-contribution_receipt_date',
    equal: [
      'committee_id',
      'contributor_state',
      'contributor_city',
      'contributor_name',
      'image_number',
    ],
    ranges: {
      min_load_date: ['load_date', 'min', 'T'],
      max_load_date: ['load_date', 'max', 'T'],
      min_date: ['contribution_receipt_date', 'min', 'T'],
      max_date: ['contribution_receipt_date', 'max', 'T'],
    },
    cycle: 'two_year_transaction_period',
    capped: ['committee_id', 'contributor_name', 'contributor_city'],
    secondary: [
      'committee_id',
      'contributor_id',
      'contributor_name',
      'contributor_city',
      'image_number',
    ],
  },
  '/schedules/schedule_b/': {
    table: 'schedule_b',
    paging: 'seek',
    key: 'sub_id',
    sorts: ['disbursement_date', 'disbursement_amount'],
    defaultSort: '-disbursement_date',
    equal: ['committee_id', 'recipient_state', 'recipient_city', 'recipient_name', 'image_number'],
    ranges: {
      min_date: ['disbursement_date', 'min', 'T'],
      max_date: ['disbursement_date', 'max', 'T'],
    },
    cycle: 'two_year_transaction_period',
    capped: ['committee_id', 'recipient_name', 'recipient_city'],
    secondary: [
      'committee_id',
      'recipient_committee_id',
      'recipient_name',
      'recipient_city',
      'image_number',
    ],
  },
  '/schedules/schedule_e/': {
    table: 'schedule_e',
    paging: 'seek',
    key: 'sub_id',
    sorts: [
      'expenditure_date',
      'expenditure_amount',
      'office_total_ytd',
      'support_oppose_indicator',
    ],
    defaultSort: '-expenditure_date',
    equal: ['committee_id', 'candidate_id', 'candidate_office_state', 'support_oppose_indicator'],
    ranges: {
      min_filing_date: ['filing_date', 'min', 'D'],
      max_filing_date: ['filing_date', 'max', 'D'],
      min_date: ['expenditure_date', 'min', 'D'],
      max_date: ['expenditure_date', 'max', 'D'],
    },
    cycle: 'cycle',
  },
};

/** How the server behaves where its documentation leaves room. */
export interface Manner {
  /** False where a cursor with a date never leads to the rows without one: they are asked for apart. */
  readonly joinsUndated: boolean;
}

/** Answers a request for a path below `/v1`. */
export function answerEndpoint(
  tables: Tables,
  path: string,
  query: URLSearchParams,
  manner: Manner,
): Reply {
  const endpoint = endpoints[path.endsWith('/') ? path : `${path}/`];
  if (endpoint === undefined) return failure(404, 'The requested URL was not found on the server.');
  const fault = findFault(endpoint, query);
  if (fault !== undefined) return failure(fault.status, fault.message);
  const found = tables[endpoint.table].filter(
    (row) => (endpoint.only?.(row) ?? true) && isWanted(endpoint, row, query),
  );
  return endpoint.paging === 'page'
    ? answerPage(endpoint, found, query)
    : answerSeek(endpoint, found, query, manner);
}

function failure(status: number, message: string): Reply {
  return { status, body: JSON.stringify({ status, message }) };
}

/** An empty value counts as not given. */
function given(query: URLSearchParams, name: string): readonly string[] {
  return query.getAll(name).filter((value) => value !== '');
}

function findFault(
  endpoint: Endpoint,
  query: URLSearchParams,
): { readonly status: number; readonly message: string } | undefined {
  const refuse = (message: string, status = 422) => ({ status, message });
  const size = query.get('per_page') ?? '20';
  if (!/^\d+$/.test(size) || Number(size) < 1 || Number(size) > 100) {
    return refuse('Parameter "per_page" must be between 1 and 100');
  }
  const sort = (query.get('sort') ?? endpoint.defaultSort).replace(/^-/, '');
  if (!endpoint.sorts.includes(sort)) return refuse(`Cannot sort on value "${sort}"`);
  for (const name of Object.keys(endpoint.ranges)) {
    const value = query.get(name);
    if (value && Number.isNaN(Date.parse(value))) return refuse('Not a valid date.');
  }
  for (const cycle of given(query, endpoint.cycle)) {
    if (!/^\d{4}$/.test(cycle) || Number(cycle) % 2 !== 0) {
      return refuse(`${endpoint.cycle} must be an even year`);
    }
    if (Number(cycle) < 1976) return refuse('Invalid cycle', 404);
  }
  if (given(query, 'committee_id').some((id) => !/^[cC]\d{8}$/.test(id))) {
    return refuse('Invalid committee ID');
  }
  for (const name of endpoint.capped ?? []) {
    if (given(query, name).length > 10) return refuse(`Parameter "${name}" takes up to 10 values`);
  }
  const hasSecondary = endpoint.secondary?.some((name) => given(query, name).length > 0) ?? true;
  if (!hasSecondary && given(query, endpoint.cycle).length !== 1) {
    return refuse(
      `Please choose a single ${endpoint.cycle} or add one of the following filters`,
      400,
    );
  }
  const hasIndex = given(query, 'last_index').length > 0;
  const hasValue =
    given(query, `last_${sort}`).length > 0 || query.get('sort_null_only') === 'true';
  if (endpoint.paging === 'seek' && hasIndex && !hasValue) {
    return refuse(
      `When paginating through results, both values from the previous page's \`last_indexes\` object are needed: last_${sort} is missing`,
    );
  }
  return undefined;
}

function isWanted(endpoint: Endpoint, row: Row, query: URLSearchParams): boolean {
  const cycles = given(query, endpoint.cycle);
  if (cycles.length > 0 && !cyclesOf(endpoint, row).some((cycle) => cycles.includes(cycle))) {
    return false;
  }
  for (const name of endpoint.equal) {
    // Text parameters are put into upper case.
    const values = given(query, name).map((value) => value.toUpperCase());
    if (values.length > 0 && !values.includes(textOf(row[name]) ?? '')) return false;
  }
  return Object.entries(endpoint.ranges).every(([name, [field, side, as]]) => {
    const bound = query.get(name);
    if (!bound) return true;
    const text = textOf(row[field]);
    if (text === null) return false;
    const at = as === 'D' ? Date.parse(text.slice(0, 10)) : microseconds(text);
    const limit = as === 'D' ? Date.parse(bound.slice(0, 10)) : microseconds(bound);
    return side === 'min' ? at >= limit : at <= limit;
  });
}

/** A maximum given as a day is its midnight; a time is compared to the microsecond. */
function microseconds(text: string): number {
  const [, whole = text, fraction = ''] = /^(.{19})(?:\.(\d+))?/.exec(text) ?? [];
  const moment = Date.parse(whole.length === 19 ? `${whole}Z` : whole.slice(0, 10));
  return moment * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

function cyclesOf(endpoint: Endpoint, row: Row): readonly string[] {
  const list: Value | undefined = row['cycles'];
  if (Array.isArray(list)) return list.map((item: Value) => textOf(item) ?? '');
  return [textOf(row[endpoint.cycle]) ?? textOf(row['cycle']) ?? ''];
}

function answerPage(endpoint: Endpoint, found: readonly Row[], query: URLSearchParams): Reply {
  const size = Number(query.get('per_page') ?? 20);
  const page = Number(query.get('page') ?? 1);
  const sort = query.get('sort') ?? endpoint.defaultSort;
  const field = sort.replace(/^-/, '');
  // Ties stand as the table has them: a sort that is not unique lets rows change places.
  const sorted = [...found].sort((a, b) => compare(textOf(a[field]), textOf(b[field])));
  if (sort.startsWith('-')) sorted.reverse();
  const rows = sorted.slice((page - 1) * size, page * size);
  const pagination =
    `{"page": ${page}, "per_page": ${size}, "count": ${found.length}, ` +
    `"pages": ${Math.ceil(found.length / size)}, "is_count_exact": true}`;
  return envelope(pagination, rows);
}

function answerSeek(
  endpoint: Endpoint,
  found: readonly Row[],
  query: URLSearchParams,
  manner: Manner,
): Reply {
  const size = Number(query.get('per_page') ?? 20);
  const sort = query.get('sort') ?? endpoint.defaultSort;
  const field = sort.replace(/^-/, '');
  const isNullOnly = query.get('sort_null_only') === 'true';
  const order = (a: Row, b: Row): number =>
    compare(textOf(a[field]), textOf(b[field])) || compareIds(a[endpoint.key], b[endpoint.key]);
  const sorted = found.filter((row) => !isNullOnly || textOf(row[field]) === null).sort(order);
  if (sort.startsWith('-')) sorted.reverse();
  const index = query.get('last_index');
  const value = query.get(`last_${field}`);
  const behind = sorted.filter((row) => {
    if (index === null) return true;
    const own = textOf(row[field]);
    if (isNullOnly) return BigInt(textOf(row[endpoint.key]) ?? 0) > BigInt(index);
    if (own === null) return manner.joinsUndated;
    const byValue = compare(own.slice(0, 10), (value ?? '').slice(0, 10));
    return byValue > 0 || (byValue === 0 && BigInt(textOf(row[endpoint.key]) ?? 0) > BigInt(index));
  });
  const rows = behind.slice(0, size);
  const last = rows.at(-1);
  const lastText = last === undefined ? null : textOf(last[field]);
  const indexes =
    last === undefined
      ? 'null'
      : lastText === null
        ? `{"last_index": "${textOf(last[endpoint.key])}", "sort_null_only": true}`
        : `{"last_index": "${textOf(last[endpoint.key])}", "last_${field}": "${lastText.slice(0, 10)}"}`;
  const count = isNullOnly ? sorted.length : found.length;
  const pagination =
    `{"count": ${count}, "is_count_exact": true, "last_indexes": ${indexes}, ` +
    `"pages": ${Math.ceil(count / size)}, "per_page": ${size}}`;
  return envelope(pagination, rows);
}

function envelope(pagination: string, rows: readonly Row[]): Reply {
  const results = rows.map(writeJson).join(', ');
  return {
    status: 200,
    body: `{"api_version": "1.0", "results": [${results}], "pagination": ${pagination}}\n`,
  };
}

/** Nulls come last in ascending order. */
function compare(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}

function compareIds(a: Value | undefined, b: Value | undefined): number {
  const [left, right] = [BigInt(textOf(a) ?? 0), BigInt(textOf(b) ?? 0)];
  return left < right ? -1 : left > right ? 1 : 0;
}
