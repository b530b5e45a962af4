// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.poolers;

import static io.pghello.jooq.PgHello.fetchPgHello;
import static io.pghello.jooq.PgHello.nowMs;
import static io.pghello.jooq.PgHello.pgHello;
import static io.pghello.jooq.PgHello.spiVersion;
import static org.jooq.impl.DSL.val;

import io.pghello.PgHelloClient;
import io.pghello.benchmarks.poolers.Parts.Visitor;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.plugin.PostgresConnection;
import io.pghello.plugin.PostgresException;
import jakarta.persistence.PersistenceException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.hibernate.SessionFactory;
import org.jooq.DSLContext;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Makes calls with the client, Hibernate, jOOQ and the plugin, and verifies each result.
 * Thread-safe.
 */
public final class Calls {
  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
  private final Queue<RuntimeException> errors = new ConcurrentLinkedQueue<>();
  private final LongAdder answered = new LongAdder();
  private final AtomicInteger ids = new AtomicInteger();

  /** Returns all wrong results and unexpected exceptions. */
  public Queue<String> wrong() {
    return wrong;
  }

  /** Returns the exceptions thrown by the parts. */
  public Queue<RuntimeException> errors() {
    return errors;
  }

  /** Returns the number of successful calls. */
  public long answered() {
    return answered.sum();
  }

  /** Makes a call with a random part. */
  public void any(Parts parts) {
    any(
        List.of(
            name -> ask(parts.client, name),
            name -> write(parts.sessions, name),
            name -> query(parts.sessions, name),
            name -> select(parts.jooq, name),
            name -> query(parts.connection, name),
            name -> change(parts.connection, name)));
  }

  /** Makes a call of a random kind with a unique name. */
  void any(List<Consumer<String>> kinds) {
    String name = "n" + ThreadLocalRandom.current().nextInt(1_000_000);
    try {
      kinds.get(ThreadLocalRandom.current().nextInt(kinds.size())).accept(name);
      answered.increment();
    } catch (FunctionCallException
        | PersistenceException
        | DataAccessException
        | PostgresException e) {
      errors.add(e);
    } catch (RuntimeException e) {
      wrong.add(e.toString());
    }
  }

  /** Calls a client. */
  void ask(PgHelloClient client, String name) {
    String greeting = greeting(name);
    switch (ThreadLocalRandom.current().nextInt(8)) {
      case 0, 1 -> check(client.hello(name), greeting);
      case 2 -> check(client.hello(name, 2), greeting + " " + greeting);
      case 3 -> check(client.helloAll(List.of(name, "Zoë")), List.of(greeting, "Hello, Zoë!"));
      case 4 -> checkTime(client.nowMillis());
      case 5 -> checkVersion(client.spiVersion());
      case 6 ->
          check(
              client.info().extensionVersion(),
              NativeExtension.fromClassPath("pg_hello").version());
      default ->
          check(
              client.preflight().problems().stream()
                  .filter(problem -> !problem.code().isWarning())
                  .toList(),
              List.of());
    }
  }

  /** Writes an entity that Hibernate fills. */
  void write(SessionFactory sessions, String name) {
    var visitor = new Visitor(ids.incrementAndGet(), name);
    sessions.inTransaction(session -> session.persist(visitor));
    check(visitor.greeting, greeting(name));
    checkTime(visitor.at);
  }

  /** Calls the functions in HQL. */
  void query(SessionFactory sessions, String name) {
    Object[] row =
        sessions.fromTransaction(
            session ->
                session
                    .createSelectionQuery(
                        "select pg_hello(:name), now_ms(), spi_version()", Object[].class)
                    .setParameter("name", name)
                    .getSingleResult());
    check(row[0], greeting(name));
    checkTime((Long) row[1]);
    checkVersion((String) row[2]);
  }

  /** Calls the routines for jOOQ, and the functions in jOOQ's SQL. */
  void select(DSLContext jooq, String name) {
    switch (ThreadLocalRandom.current().nextInt(3)) {
      case 0 -> check(pgHello(jooq.configuration(), name), greeting(name));
      case 1 ->
          check(fetchPgHello(jooq, List.of(name, "Zoë")), List.of(greeting(name), "Hello, Zoë!"));
      default -> {
        var row = jooq.select(pgHello(val(name)), nowMs(), spiVersion()).fetchSingle();
        check(row.value1(), greeting(name));
        checkTime(row.value2());
        checkVersion(row.value3());
      }
    }
  }

  /** Calls a function through the plugin. */
  void query(PostgresConnection connection, String name) {
    check(connection.queryValue("SELECT pg_hello($1)", name).textValue(), greeting(name));
  }

  private void change(PostgresConnection connection, String name) {
    int id = ids.incrementAndGet();
    connection.insert("guests", Map.of("id", id, "name", name));
    check(
        connection.findOne("guests", Map.of("id", id)).map(row -> row.get("name").textValue()),
        Optional.of(name));
    check(connection.delete("guests", Map.of("id", id, "name", name)), 1L);
  }

  private static String greeting(String name) {
    return "Hello, " + name + "!";
  }

  private void checkTime(long millis) {
    long apart = Math.abs(millis - System.currentTimeMillis());
    check(apart < TimeUnit.MINUTES.toMillis(5), true, millis);
  }

  private void checkVersion(@Nullable String version) {
    check(version != null && version.startsWith("PostgreSQL "), true, version);
  }

  private void check(@Nullable Object answer, Object expected) {
    check(answer, expected, answer);
  }

  private void check(@Nullable Object answer, Object expected, @Nullable Object shown) {
    if (!expected.equals(answer)) {
      wrong.add(shown + " instead of " + expected);
    }
  }
}
