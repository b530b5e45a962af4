// SPDX-License-Identifier: MIT
package io.pghello.examples.hibernate;

import io.pghello.PgHelloInfo;
import io.pghello.PgHelloOperations;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import org.hibernate.Session;

/**
 * The extension's functions for code with a Hibernate session. They use the session's connection
 * and transaction, so they need no second connection from the pool. Thread-safe only if the session
 * is.
 */
final class GreetingService {
  private final Session session;
  private final PgHelloOperations client;

  GreetingService(Session session, PgHelloOperations client) {
    this.session = session;
    this.client = client;
  }

  /** Greets a name. One round trip. */
  String greeting(String name) {
    return onConnection(client -> client.hello(name));
  }

  /**
   * Greets a name several times. One round trip.
   *
   * @param repeat the number of greetings, 1 to 10; other values are rejected before anything is
   *     sent
   */
  String greeting(String name, int repeat) {
    return onConnection(client -> client.hello(name, repeat));
  }

  /** Returns the server's time in milliseconds. One round trip. */
  Instant timestamp() {
    return onConnection(PgHelloOperations::now);
  }

  /** Returns the versions of the server and the extension. Two round trips. */
  PgHelloInfo serverInfo() {
    return onConnection(PgHelloOperations::info);
  }

  /** Greets names. The greetings are in the order of the names. One round trip per 1,024 names. */
  List<String> bulkGreetings(Collection<String> names) {
    return onConnection(client -> client.helloAll(names));
  }

  private <T> T onConnection(Function<PgHelloOperations, T> call) {
    return session.doReturningWork(connection -> call.apply(client.withConnection(connection)));
  }
}
