// What to tell a person whose connection failed.

import type { Connection } from './connection.ts';
import { UserError } from './errors.ts';

interface Finding {
  readonly message: string;
  readonly hint: string;
}

const unreachable = new Set(['ECONNREFUSED', 'ENOENT', 'EHOSTUNREACH', 'ENETUNREACH', 'EACCES']);

/** Turns a failed connection attempt, with its SQLSTATE or system code, into what to tell. */
export function connectionFaultOf(
  error: unknown,
  code: string | undefined,
  connection: Connection,
): UserError {
  const { message, hint } = find(code, messageOf(error), connection);
  return new UserError(message, {
    where: `${connection.user}@${addressOf(connection)}/${connection.database}`,
    hint,
    cause: error,
  });
}

function find(code: string | undefined, said: string, connection: Connection): Finding {
  const address = addressOf(connection);
  const demandsTls = /no encryption|SSL off/.test(said);
  if (code === '28000' && demandsTls && !connection.ssl) {
    return {
      message: `the server at \`${address}\` demands TLS: ${said}`,
      hint: 'set `sslmode: require` (or `verify-full`) in profiles.yml, or add `?sslmode=require` to DATABASE_URL',
    };
  }
  if (code === '28P01' || code === '28000') {
    return {
      message: `PostgreSQL refused user \`${connection.user}\`: ${said}`,
      hint: 'check user and password in profiles.yml or DATABASE_URL',
    };
  }
  if (code === '3D000') {
    return {
      message: `database \`${connection.database}\` does not exist`,
      hint: `create it with \`createdb ${connection.database}\`, or name another in profiles.yml`,
    };
  }
  return findTlsFault(code, said, address) ?? findReachFault(code, said, connection);
}

function findTlsFault(
  code: string | undefined,
  said: string,
  address: string,
): Finding | undefined {
  if (/does not support SSL/.test(said)) {
    return {
      message: `the server at \`${address}\` offers no TLS, and \`sslmode\` demands it`,
      hint: 'switch TLS on at the server, or set `sslmode: disable` where the network is your own',
    };
  }
  if (
    code !== undefined &&
    /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/.test(code)
  ) {
    return {
      message: `the certificate of \`${address}\` is not trusted: ${said}`,
      hint: 'name its authority with `sslrootcert`, or check that `host` is the name it was issued for',
    };
  }
  return undefined;
}

function findReachFault(code: string | undefined, said: string, connection: Connection): Finding {
  const address = addressOf(connection);
  if (code !== undefined && unreachable.has(code)) {
    return {
      message: `no PostgreSQL answers at \`${address}\``,
      hint: 'start the server, or check host and port in profiles.yml or DATABASE_URL',
    };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      message: `the host name \`${connection.host}\` is not known`,
      hint: 'check host in profiles.yml or DATABASE_URL, and the network',
    };
  }
  if (code === 'ETIMEDOUT' || /connection timeout|timeout expired/.test(said)) {
    return {
      message: `\`${address}\` did not answer in time`,
      hint: 'check host, port and firewall, or raise `connect_timeout` in profiles.yml',
    };
  }
  if (/password must be a/.test(said)) {
    return {
      message: `the server at \`${address}\` wants a password of user \`${connection.user}\`, and none is set`,
      hint: 'set `password` in profiles.yml, or put it in DATABASE_URL or PGPASSWORD',
    };
  }
  return {
    message: `cannot connect to \`${address}\`: ${said}`,
    hint: 'run `runner debug` to see the settings in use',
  };
}

function addressOf(connection: Connection): string {
  return `${connection.host}:${connection.port}`;
}

/** Node joins the attempts at several addresses of one name in an error that has no message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
