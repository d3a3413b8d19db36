// The FEC's sample of March 2019 in the shape in which the API would answer with it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.ts';
import { unzipOnly } from './unzip.ts';

/** A number as it is to be written: JSON.stringify would lose digits and scale. */
export interface RawNumber {
  readonly raw: string;
}

/** A value of a record. */
export type Value =
  | string
  | boolean
  | null
  | RawNumber
  | readonly Value[]
  | { readonly [name: string]: Value };

/** A record of the API. */
export type Row = { [name: string]: Value };

/** What the database behind the API holds, by endpoint. */
export type Tables = Record<
  | 'committees'
  | 'candidates'
  | 'candidate_totals'
  | 'committee_totals'
  | 'filings'
  | 'schedule_a'
  | 'schedule_b'
  | 'schedule_e',
  Row[]
>;

/** Writes a value as the API does: a space after colons and commas, numbers as they are. */
export function writeJson(value: Value): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(writeJson).join(', ')}]`;
  if (isRaw(value)) return value.raw;
  const members = Object.entries(value).map(([name, item]) => `"${name}": ${writeJson(item)}`);
  return `{${members.join(', ')}}`;
}

/** Returns a value as text, for filters and sorting; null where there is none. */
export function textOf(value: Value | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return !isList(value) && isRaw(value) ? value.raw : null;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isRaw(value: { readonly [name: string]: Value } | RawNumber): value is RawNumber {
  return typeof value['raw'] === 'string';
}

const sampleDir = join(packageRoot(), 'extract/sample/2019-03-17');
const files = new Map<string, readonly (readonly string[])[]>();

/** Returns the lines of a file of the sample, split; read once. */
export function sampleLines(name: string): readonly (readonly string[])[] {
  let lines = files.get(name);
  if (lines === undefined) {
    const text = unzipOnly(readFileSync(join(sampleDir, `${name}.zip`))).toString('utf8');
    lines = text
      .trimEnd()
      .split('\n')
      .map((line) => line.split('|'));
    files.set(name, lines);
  }
  return lines;
}

const raw = (text: string): RawNumber => ({ raw: text });
const orNull = (text: string | undefined): string | null => (text ? text : null);
const amount = (text: string): RawNumber =>
  raw((text.includes('.') ? text : `${text}.0`).replace(/^(-?)\./, '$10.').replace(/\.$/, '.0'));

/** How much of the sample. */
export interface DataOptions {
  /** Lines of the individual contributions, from the first. */
  readonly receipts: number;
  /** Only every so manieth of the lines; each of them where not given. */
  readonly everyLine?: number;
  /** Every so manieth receipt has no date. */
  readonly undatedEvery?: number;
  /** Masters from the first; all where not given. */
  readonly masters?: number;
}

/** Builds the tables; the same options give the same rows. */
export function buildTables(options: DataOptions): Tables {
  const { masters = Number.POSITIVE_INFINITY } = options;
  const committees = sampleLines('cm20');
  const names = new Map(committees.map((line) => [line[0] ?? '', line] as const));
  const { everyLine = 1, receipts } = options;
  const itemized = sampleLines('indiv20')
    .filter((_, index) => index % everyLine === 0)
    .slice(0, receipts);
  const isRefund = (line: readonly string[]): boolean => (line[5] ?? '').startsWith('2');
  const filings = new Map<string, Row>();
  for (const line of itemized) {
    const key = `${line[0]} ${line[17]}`;
    if (!filings.has(key)) filings.set(key, filing(line, filings.size));
  }
  return {
    committees: uniqueBy(committees, 0).slice(0, masters).map(committee),
    candidates: uniqueBy(sampleLines('cn20'), 0).slice(0, masters).map(candidate),
    candidate_totals: sampleLines('weball20').map(candidateTotals),
    committee_totals: sampleLines('webk20').slice(0, masters).map(committeeTotals),
    filings: [...filings.values()],
    schedule_a: itemized
      .filter((line) => !isRefund(line))
      .map((line, index) => receipt(line, names.get(line[0] ?? ''), isUndated(options, index))),
    schedule_b: itemized.filter(isRefund).map(disbursement),
    schedule_e: sampleLines('pas220')
      .filter((line) => /^24[AE]$/.test(line[5] ?? ''))
      .map(expenditure),
  };
}

function isUndated({ undatedEvery }: DataOptions, index: number): boolean {
  return undatedEvery !== undefined && index % undatedEvery === undatedEvery - 1;
}

function uniqueBy(
  lines: readonly (readonly string[])[],
  column: number,
): readonly (readonly string[])[] {
  return [...new Map(lines.map((line) => [line[column], line] as const)).values()];
}

/** The day on which the FEC received the filing: the first eight digits of its image numbers. */
export function receivedOn(line: readonly string[]): string {
  return isoDay((line[4] ?? '').slice(0, 8));
}

function isoDay(digits: string): string {
  return `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`;
}

function isoDate(mmddyyyy: string | undefined): string | null {
  if (!mmddyyyy) return null;
  return isoDay(`${mmddyyyy.slice(4)}${mmddyyyy.slice(0, 4)}`);
}

/** The night after the filing came, with microseconds as the API writes them. */
export function loadedAt(line: readonly string[]): string {
  const night = new Date(Date.parse(receivedOn(line)) + 86_400_000).toISOString().slice(0, 10);
  const digits = (line.at(-1) ?? '').slice(-6);
  return `${night}T02:07:05.${digits}+00:00`;
}

function committee(line: readonly string[]): Row {
  return {
    committee_id: line[0] ?? '',
    name: line[1] ?? '',
    treasurer_name: orNull(line[2]),
    committee_type: orNull(line[9]),
    designation: orNull(line[8]),
    organization_type: orNull(line[12]),
    party: orNull(line[10]),
    state: orNull(line[6]),
    filing_frequency: orNull(line[11]),
    cycles: [raw('2018'), raw('2020')],
    candidate_ids: line[14] ? [line[14]] : [],
    first_file_date: '2009-05-28',
    last_file_date: '2019-02-20',
  };
}

function candidate(line: readonly string[]): Row {
  return {
    candidate_id: line[0] ?? '',
    name: line[1] ?? '',
    party: orNull(line[2]),
    election_years: [raw(line[3] || '2020')],
    cycles: [raw('2020')],
    state: orNull(line[4]),
    office: orNull(line[5]),
    district: orNull(line[6]),
    incumbent_challenge: orNull(line[7]),
    candidate_status: orNull(line[8]),
    load_date: '2019-03-17T20:59:59+00:00',
  };
}

function candidateTotals(line: readonly string[]): Row {
  return {
    candidate_id: line[0] ?? '',
    election_year: raw('2020'),
    cycle: raw('2020'),
    receipts: amount(line[5] || '0'),
    disbursements: amount(line[7] || '0'),
    cash_on_hand_end_period: amount(line[10] || '0'),
    state: orNull(line[18]),
    office: (line[0] ?? '').slice(0, 1),
  };
}

function committeeTotals(line: readonly string[]): Row {
  return {
    committee_id: line[0] ?? '',
    committee_name: line[1] ?? '',
    committee_type: orNull(line[2]),
    cycle: raw('2020'),
    receipts: amount(line[5] || '0'),
    disbursements: amount(line[12] || '0'),
    individual_unitemized_contributions: raw('0.1'),
  };
}

function filing(line: readonly string[], number: number): Row {
  return {
    sub_id: `40${String(number).padStart(17, '0')}`,
    committee_id: line[0] ?? '',
    receipt_date: receivedOn(line),
    file_number: raw(line[17] || '0'),
    form_type: 'F3X',
    report_type: orNull(line[2]),
    report_year: raw('2019'),
    amendment_indicator: orNull(line[1]),
    most_recent: true,
    cycle: raw('2020'),
    total_receipts: raw('33083.10'),
  };
}

function receipt(
  line: readonly string[],
  filer: readonly string[] | undefined,
  isUndatedRow: boolean,
): Row {
  const day = isoDate(line[13]);
  return {
    sub_id: line[20] ?? '',
    // Nineteen digits, as a number: more than a double can hold.
    link_id: raw(`4${(line[20] ?? '').slice(1)}`),
    original_sub_id: null,
    transaction_id: orNull(line[16]),
    file_number: raw(line[17] || 'null'),
    image_number: line[4] ?? '',
    filing_form: 'F3X',
    line_number: '11AI',
    report_type: orNull(line[2]),
    report_year: raw('2019'),
    two_year_transaction_period: raw('2020'),
    load_date: loadedAt(line),
    amendment_indicator: orNull(line[1]),
    committee_id: line[0] ?? '',
    committee: filer === undefined ? null : committee(filer),
    committee_name: filer?.[1] ?? null,
    contributor: null,
    entity_type: orNull(line[6]),
    contributor_name: orNull(line[7]),
    contributor_city: orNull(line[8]),
    contributor_state: orNull(line[9]),
    contributor_zip: orNull(line[10]),
    contributor_employer: orNull(line[11]),
    contributor_occupation: orNull(line[12]),
    contributor_aggregate_ytd: amount(line[14] ?? '0'),
    contribution_receipt_date: day === null || isUndatedRow ? null : `${day}T00:00:00`,
    contribution_receipt_amount: amount(line[14] ?? '0'),
    is_individual: true,
    receipt_type: orNull(line[5]),
    memo_code: orNull(line[18]),
    memo_text: orNull(line[19]),
    memoed_subtotal: line[18] === 'X',
    election_type: orNull(line[3]),
    pdf_url: `http://docquery.fec.gov/cgi-bin/fecimg/?${line[4]}`,
  };
}

function disbursement(line: readonly string[]): Row {
  const day = isoDate(line[13]);
  return {
    sub_id: line[20] ?? '',
    committee_id: line[0] ?? '',
    load_date: loadedAt(line),
    disbursement_date: day === null ? null : `${day}T00:00:00`,
    disbursement_amount: amount(line[14] ?? '0'),
    disbursement_type: orNull(line[5]),
    recipient_name: orNull(line[7]),
    recipient_state: orNull(line[9]),
    memo_code: orNull(line[18]),
    transaction_id: orNull(line[16]),
    file_number: raw(line[17] || 'null'),
    image_number: line[4] ?? '',
    two_year_transaction_period: raw('2020'),
  };
}

function expenditure(line: readonly string[]): Row {
  return {
    sub_id: line[21] ?? '',
    committee_id: line[0] ?? '',
    candidate_id: orNull(line[16]),
    candidate_office_state: (line[16] ?? '').slice(2, 4) || null,
    support_oppose_indicator: line[5] === '24A' ? 'O' : 'S',
    expenditure_date: isoDate(line[13]),
    expenditure_amount: amount(line[14] ?? '0'),
    filing_date: receivedOn(line),
    is_notice: false,
    most_recent: true,
    file_number: raw(line[18] || 'null'),
    image_number: line[4] ?? '',
    cycle: raw('2020'),
  };
}
