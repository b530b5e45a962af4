// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.proxy;

import java.nio.ByteBuffer;

/**
 * Splits a byte stream into messages. Each message consists of a type, a length and a body (see
 * "Frontend/Backend Protocol" in PostgreSQL's documentation). Each direction of a connection has
 * its own reader. Not thread-safe.
 */
abstract class ProtocolReader {
  /** The state of the startup phase, shared by both directions of a connection. */
  static final class StartUp {
    /** Whether the client has requested encryption and the server has not responded yet. */
    volatile boolean encryptionAsked;

    /** Whether the following messages are encrypted and therefore cannot be read. */
    volatile boolean encrypted;
  }

  final StartUp startUp;
  final ProxyCounters counters;
  private final byte[] header = new byte[8];
  private int headerLength;
  private long bodyLeft;

  ProtocolReader(StartUp startUp, ProxyCounters counters) {
    this.startUp = startUp;
    this.counters = counters;
  }

  /** Returns the length of the next message's header in bytes. */
  abstract int headerSize();

  /** Handles a header and returns the number of remaining bytes of the message. */
  abstract long message(byte[] header);

  /** Reads the first {@code length} bytes of an array. */
  final void read(byte[] bytes, int length) {
    int i = 0;
    while (i < length && !startUp.encrypted) {
      if (bodyLeft > 0) {
        int skipped = (int) Math.min(bodyLeft, length - i);
        bodyLeft -= skipped;
        i += skipped;
        continue;
      }
      int size = headerSize();
      header[headerLength++] = bytes[i++];
      if (headerLength == size) {
        headerLength = 0;
        bodyLeft = message(header);
      }
    }
  }

  final void encrypted() {
    startUp.encrypted = true;
    counters.encryptedConnections.increment();
  }

  static int int32(byte[] bytes, int at) {
    return ByteBuffer.wrap(bytes, at, Integer.BYTES).getInt();
  }
}
