// What an FEC file is, as data: everything that loads, documents and checks a table reads it from here.

/** One column of an FEC file. */
export interface Column {
  /** Name in Bronze: the FEC's name in lower case. */
  readonly name: string;
  /** Name in the FEC's header file. */
  readonly fecName: string;
  /** Type in the FEC's own (Oracle) database, as its documentation gives it; Bronze holds text. */
  readonly type: string;
  /** Unit of the values, where they have one. */
  readonly unit?: string;
  /** One sentence for people who read the table. */
  readonly doc: string;
  /** Another name that a header may give it: the one in the FEC's documentation, where files differ from that. */
  readonly alias?: string;
}

/** One FEC bulk file, which becomes one Bronze table. */
export interface Dataset {
  /** The FEC's short name of the file: `indiv` of `indiv20.zip`. */
  readonly name: string;
  /** What one row is. */
  readonly description: string;
  /** Table in schema `bronze`. */
  readonly table: string;
  /** The FEC's page that documents the file. */
  readonly sourceUrl: string;
  /**
   * Name of the file as the FEC publishes it: a zip, or a CSV as it is. `{yy}` stands for the last two
   * digits of the cycle, `{yyyy}` for all four.
   */
  readonly file: string;
  /** Name of the file inside the zip, with the same signs; undefined where the file is no zip. */
  readonly member?: string;
  /** `pipe`: one row per line, no quotes, no header. `csv`: quoted fields under a header. */
  readonly format: 'pipe' | 'csv';
  /** In the order of the file. */
  readonly columns: readonly Column[];
  /** Names of the columns that tell rows apart. */
  readonly key: readonly string[];
  /** False where the FEC's own files repeat a key. */
  readonly keyIsUnique: boolean;
  /** True for the files of millions of rows: one partition for each cycle. */
  readonly partitionedByCycle: boolean;
  /** True when each line of a `pipe` file ends with a delimiter after its last field. */
  readonly trailingDelimiter: boolean;
  /** The earliest cycle for which the FEC has the file. */
  readonly firstCycle: number;
  /** How often the FEC writes the file of a cycle that is not over. */
  readonly refresh: 'daily' | 'weekly';
}
