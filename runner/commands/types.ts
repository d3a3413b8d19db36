// What every command is given: the options that the command line, or a program, sets.

/** Options of every command. */
export interface CommonOptions {
  readonly projectDir: string;
  readonly profilesDir: string | undefined;
  readonly profile: string | undefined;
  readonly target: string | undefined;
  /** YAML of values for `var()`, over those of dbt_project.yml. */
  readonly varsText: string | undefined;
  readonly threads: number | undefined;
  /** Whether tests keep the rows that they find, where their config does not say. */
  readonly storeFailures?: boolean | undefined;
  /** The words of the command line, for the artifacts. */
  readonly commandLine: string;
}

/** Options of the commands that work on chosen nodes. */
export interface SelectionOptions extends CommonOptions {
  readonly select: readonly string[];
  readonly exclude: readonly string[];
}
