const UNTRUSTED = 'has a certificate of an authority that is not trusted (option tls.ca)';
const NO_TLS = 'does not speak TLS there';

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ENOENT: 'is not running (no socket)',
  ENOTFOUND: 'has a host name that does not resolve',
  EAI_AGAIN: 'has a host name that does not resolve now',
  EACCES: 'may not be reached (permission denied)',
  ETIMEDOUT: 'does not answer',
  ECONNRESET: 'resets connections',
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'asks for a client certificate (options tls.cert and tls.key)',
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
};

/** Why no connection came about, as the end of a sentence that begins with the node; never with what the driver quotes. */
export function reasonOf(error: unknown, tls: boolean): string {
  const { code, message = '', name } = error as { code?: string; message?: string; name?: string };
  if (code !== undefined && REASONS[code] !== undefined) return REASONS[code];
  if (name === 'ConnectionTimeoutError' || /connection timeout/i.test(message))
    // Redis waits for the rest of what it takes for a long command.
    return tls ? 'does not answer the TLS handshake; is it a TLS port?' : 'does not answer';
  if (/Socket closed unexpectedly/i.test(message)) return 'closed the connection during the handshake';
  return code ?? 'connection failed';
}
