// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.proxy;

/** Reads a client's messages and counts executed statements. */
final class ClientMessages extends ProtocolReader {
  private static final byte TLS_HANDSHAKE = 0x16;
  private static final int SSL_REQUEST = 80877103;
  private static final int GSS_ENCRYPTION_REQUEST = 80877104;

  /**
   * The value of the length field of an empty query. The field counts its own four bytes and the
   * NUL.
   */
  private static final int EMPTY_QUERY = 5;

  private boolean started;

  ClientMessages(StartUp startUp, ProxyCounters counters) {
    super(startUp, counters);
  }

  @Override
  int headerSize() {
    // startup messages have no type, only a length and a code
    return started ? 5 : 8;
  }

  @Override
  long message(byte[] header) {
    if (!started) {
      if (header[0] == TLS_HANDSHAKE) {
        // the client started TLS without an SSLRequest
        encrypted();
        return 0;
      }
      int code = int32(header, 4);
      if (code == SSL_REQUEST || code == GSS_ENCRYPTION_REQUEST) {
        startUp.encryptionAsked = true;
      } else {
        started = true;
      }
      return int32(header, 0) - 8L;
    }
    int length = int32(header, 1);
    if (header[0] == 'E' || (header[0] == 'Q' && length > EMPTY_QUERY)) {
      counters.statements.increment();
    }
    return length - 4L;
  }
}
