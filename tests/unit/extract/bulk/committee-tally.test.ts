import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CommitteeTally } from '../../../../extract/bulk/committee-tally.ts';
import { LineGate } from '../../../../extract/bulk/line-gate.ts';

/** Counts a file of lines `committee|name|date`, sent through the gate in pieces. */
function count(file: string, options: { maxCommittees?: number; size?: number } = {}) {
  const { size = 65_536, ...limits } = options;
  const tally = new CommitteeTally({
    committeeField: 0,
    dateField: 2,
    latestDay: 20_190_317,
    ...limits,
  });
  const gate = new LineGate({ fieldCount: 3, trailingDelimiter: false, tally });
  const bytes = Buffer.from(file, 'utf8');
  for (let at = 0; at < bytes.length; at += size) gate.push(bytes.subarray(at, at + size));
  gate.end();
  return tally.counts();
}

/** The same by strings and JavaScript's own calendar. */
function countByHand(file: string) {
  const counts = new Map<string, { rows: number; lastDay: number | undefined }>();
  for (const line of file.split('\n')) {
    const [id = '', , date = '', ...more] = line.split('|');
    if (id === '' || more.length > 0 || line.split('|').length !== 3) continue;
    const seen = counts.get(id) ?? { rows: 0, lastDay: undefined };
    const day = dayOf(date);
    const isNewer = day !== undefined && day <= 20_190_317 && day > (seen.lastDay ?? 0);
    counts.set(id, { rows: seen.rows + 1, lastDay: isNewer ? day : seen.lastDay });
  }
  return counts;
}

function dayOf(date: string): number | undefined {
  const match = /^(\d\d)(\d\d)((?:19|20)\d\d)$/.exec(date);
  if (match === null) return undefined;
  const iso = `${match[3]}-${match[1]}-${match[2]}`;
  const time = new Date(`${iso}T00:00:00Z`);
  const isDay = !Number.isNaN(time.getTime()) && time.toISOString().startsWith(iso);
  return isDay ? Number(iso.replaceAll('-', '')) : undefined;
}

describe('extract/bulk/committee-tally', () => {
  it('counts the rows and the last day of each committee', () => {
    assert.deepEqual(
      count('C00000001|a|03012019\nC00000002|b|\nC00000001|c|02282019\nC00000001|d|04012019'),
      [
        { committee: 'C00000001', rows: 3, lastDay: 20_190_301 },
        { committee: 'C00000002', rows: 1, lastDay: undefined },
      ],
    );
  });

  it('leaves out rejected lines and lines without a committee', () => {
    assert.deepEqual(count('C00000001|a\n|b|03012019\nC00000001|a|b|c\n'), []);
  });

  it('takes leap days of leap years alone', () => {
    const last = (date: string) => count(`C1|a|${date}\n`)?.[0]?.lastDay;
    assert.deepEqual(
      ['02292016', '02292017', '02291900', '02292000', '00012018', '13012018', '04312018'].map(
        last,
      ),
      [20_160_229, undefined, undefined, 20_000_229, undefined, undefined, undefined],
    );
  });

  it('counts as one does by hand, however the file is cut', () => {
    const id = fc.constantFrom('C00000001', 'C12345678', 'C1', 'É', '', 'C0000000x');
    const date = fc.oneof(
      fc.constantFrom('', '02292019', '02292016', '12312018', '03182019', '0301201', '030120190'),
      fc
        .tuple(fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }))
        .map(
          ([month, day]) => `${String(month).padStart(2, '0')}${String(day).padStart(2, '0')}2018`,
        ),
    );
    const name = fc.constantFrom('a', '', 'back\\slash', 'é', 'x|y');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(id, name, date), { maxLength: 30 }),
        fc.integer({ min: 1, max: 50 }),
        fc.boolean(),
        (rows, size, newlineAtEnd) => {
          const lines = rows.map((fields) => fields.join('|'));
          const file = lines.join('\n') + (newlineAtEnd ? '\n' : '');
          const counted = count(file, { size })?.map(
            ({ committee, ...rest }) => [committee, rest] as const,
          );
          assert.deepEqual(new Map(counted), countByHand(file));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps many committees apart, and gives up where there are too many', () => {
    const file = Array.from(
      { length: 5_000 },
      (_, index) => `C${String(index).padStart(8, '0')}|a|\n`,
    );
    assert.equal(count(file.join(''))?.length, 5_000);
    assert.equal(count(file.join(''), { maxCommittees: 4_999 }), undefined);
  });
});
