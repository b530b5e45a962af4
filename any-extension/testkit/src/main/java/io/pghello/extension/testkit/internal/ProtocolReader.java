// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.nio.ByteBuffer;

/**
 * Takes a stream of bytes apart into messages: a type, a length, a body (PostgreSQL's
 * documentation, "Frontend/Backend Protocol"). One for each direction of a connection; not
 * thread-safe.
 */
abstract class ProtocolReader {
  /** The state of the startup phase, shared by both directions of a connection. */
  static final class StartUp {
    /** The client has asked for encryption, and the server has not answered yet. */
    volatile boolean encryptionAsked;

    /** The messages that follow are encrypted, so they cannot be read. */
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

  /** Returns how many bytes the next message's header has. */
  abstract int headerSize();

  /** Takes a header and returns how many bytes of the message follow it. */
  abstract long message(byte[] header);

  /** Reads the first bytes of an array. */
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
