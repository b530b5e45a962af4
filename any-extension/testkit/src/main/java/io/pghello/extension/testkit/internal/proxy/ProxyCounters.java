// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.proxy;

import java.util.concurrent.atomic.LongAdder;

/** Totals of all connections of a proxy. Thread-safe. */
public final class ProxyCounters {
  public final LongAdder roundTrips = new LongAdder();
  public final LongAdder statements = new LongAdder();
  public final LongAdder connections = new LongAdder();
  public final LongAdder encryptedConnections = new LongAdder();
  public final LongAdder bytesToServer = new LongAdder();
  public final LongAdder bytesToClient = new LongAdder();

  /** Returns the number of round trips. */
  public long roundTrips() {
    return roundTrips.sum();
  }

  /** Returns the number of Execute messages and simple queries. */
  public long statements() {
    return statements.sum();
  }

  /** Returns the number of opened connections. */
  public long connections() {
    return connections.sum();
  }

  /** Returns the number of encrypted connections, whose messages cannot be read. */
  public long encryptedConnections() {
    return encryptedConnections.sum();
  }

  /** Returns the number of bytes sent by clients. */
  public long bytesToServer() {
    return bytesToServer.sum();
  }

  /** Returns the number of bytes sent by the server. */
  public long bytesToClient() {
    return bytesToClient.sum();
  }
}
