import { tlsFault } from '../../../src/adapters/tls-files.ts';

describe('TLS against a port without it', () => {
  // What OpenSSL finds wrong comes by its own code, or amid a write, and then by the operating system's.
  test.each([
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number'],
    ['EPROTO', 'write EPROTO 40CD:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number'],
  ])('is told as such by %s', (code, message) => {
    expect(tlsFault(code, message, 'X_SSL_')).toBe(`the port does not speak TLS (${code})`);
  });

  test('is not what every broken protocol is', () => {
    expect(tlsFault('EPROTO', 'read EPROTO', 'X_SSL_')).toBeUndefined();
  });
});
