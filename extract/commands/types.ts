// What every command of extract is given by the command line.

/** Options of every command. */
export interface CommonOptions {
  readonly projectDir: string;
  readonly profilesDir: string | undefined;
  readonly profile: string | undefined;
  readonly target: string | undefined;
}
