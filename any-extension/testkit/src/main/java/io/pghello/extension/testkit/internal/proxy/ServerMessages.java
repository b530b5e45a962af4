// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.proxy;

/** Reads a server's messages, and counts its ReadyForQuery messages as round trips. */
final class ServerMessages extends ProtocolReader {
  private boolean firstAnswer;
  private boolean emptyQuery;

  ServerMessages(StartUp startUp, ProxyCounters counters) {
    super(startUp, counters);
  }

  @Override
  int headerSize() {
    return startUp.encryptionAsked ? 1 : 5;
  }

  @Override
  long message(byte[] header) {
    if (startUp.encryptionAsked) {
      startUp.encryptionAsked = false;
      if (header[0] == 'S' || header[0] == 'G') {
        encrypted();
      }
      return 0;
    }
    if (header[0] == 'Z') {
      if (!emptyQuery) {
        counters.roundTrips.increment();
      }
      emptyQuery = false;
      firstAnswer = true;
    } else {
      // the response to an empty simple query begins with EmptyQueryResponse, and the response to
      // an empty prepared query begins with ParseComplete or BindComplete
      emptyQuery |= firstAnswer && header[0] == 'I';
      firstAnswer = false;
    }
    return int32(header, 1) - 4L;
  }
}
