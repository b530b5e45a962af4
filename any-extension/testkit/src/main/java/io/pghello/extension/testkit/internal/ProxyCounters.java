// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.util.concurrent.atomic.LongAdder;

/** The counts of a proxy over all its connections. Thread-safe. */
public final class ProxyCounters {
  final LongAdder roundTrips = new LongAdder();
  final LongAdder executes = new LongAdder();
  final LongAdder connections = new LongAdder();
  final LongAdder encryptedConnections = new LongAdder();
  final LongAdder bytesToServer = new LongAdder();
  final LongAdder bytesToClient = new LongAdder();

  /** Returns the number of round trips. */
  public long roundTrips() {
    return roundTrips.sum();
  }

  /** Returns the number of Execute messages and simple queries. */
  public long executes() {
    return executes.sum();
  }

  /** Returns the number of connections that were opened. */
  public long connections() {
    return connections.sum();
  }

  /** Returns the number of connections with unreadable messages. */
  public long encryptedConnections() {
    return encryptedConnections.sum();
  }

  /** Returns the number of bytes that clients sent. */
  public long bytesToServer() {
    return bytesToServer.sum();
  }

  /** Returns the number of bytes that the server sent. */
  public long bytesToClient() {
    return bytesToClient.sum();
  }
}
