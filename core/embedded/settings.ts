// What the embedded server is told: settings and access rules, as text.

const mebibyte = 1024 * 1024;

/** What the settings depend on. */
export interface SettingInputs {
  readonly totalMemoryBytes: number;
  /** False only for tests: a crash of the machine may then lose the cluster. */
  readonly isDurable: boolean;
  /** Shown in the titles of the server's processes. */
  readonly clusterTitle: string;
  /** A first start that failed for want of memory is tried again with less. */
  readonly isSmall?: boolean;
}

/** Returns the server's settings file. It is written at every start; ALTER SYSTEM stands above it. */
export function writeSettings(inputs: SettingInputs): string {
  const settings: Record<string, string> = {
    shared_buffers: `${sharedBuffersMb(inputs)}MB`,
    effective_cache_size: `${Math.max(256, Math.floor(inputs.totalMemoryBytes / mebibyte / 2))}MB`,
    maintenance_work_mem: inputs.isSmall ? '64MB' : '256MB',
    max_connections: '100',
    // One machine, no replica: COPY into a table of the same transaction then needs no WAL.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    synchronous_commit: 'on',
    fsync: inputs.isDurable ? 'on' : 'off',
    full_page_writes: inputs.isDurable ? 'on' : 'off',
    // A statement whose client was killed ends, so that the server can.
    client_connection_check_interval: '2s',
    authentication_timeout: '10s',
    unix_socket_permissions: '0700',
    password_encryption: 'scram-sha-256',
    lc_messages: 'C',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %a ',
    // Statements may be long; the log has a bound, and errors reach the program that caused them.
    log_min_error_statement: 'panic',
    cluster_name: inputs.clusterTitle,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
  return `# Written by FundLens at every start. Change settings with ALTER SYSTEM.\n${lines.join('\n')}\n`;
}

/** Returns 25 % of the memory in MB, at least 64 and at most 1024. */
export function sharedBuffersMb(inputs: SettingInputs): number {
  if (inputs.isSmall) return 64;
  return Math.min(1024, Math.max(64, Math.floor(inputs.totalMemoryBytes / mebibyte / 4)));
}

/**
 * Returns the access rules: everyone gives the password, on the socket too. The server's system user
 * may be `nobody`, which other services share, so being that user proves nothing.
 */
export function writeAccessRules(): string {
  return [
    '# Written by FundLens. The password lies in a file that only its owner reads.',
    'local all all scram-sha-256',
    'host all all 127.0.0.1/32 scram-sha-256',
    '',
  ].join('\n');
}
