// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.FunctionAsyncOperations;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.TextArray;
import io.pghello.extension.batching.api.BatchedFunctionIT.GreetAll;
import io.pghello.extension.batching.api.BatchedFunctionIT.Greeting;
import io.pghello.extension.batching.vertx.VertxConnections;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.vertx.pgclient.PgConnectOptions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Makes calls of two users on one event loop, while sessions end, hang and are killed, and the
 * server restarts. Each call must end once, with its own greeting or an error that names the fault.
 * The property {@code pg-hello.calls} sets the number of answers.
 */
@Tag("slow")
@Timeout(value = 1, unit = TimeUnit.HOURS)
class VertxFaultsIT {
  private static final long ANSWERS = Long.getLong("pg-hello.calls", 400_000);
  private static final int IN_FLIGHT = 256;
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);
  private static final Set<Code> EXPECTED =
      EnumSet.of(Code.CONNECTION_LOST, Code.CONNECTION_UNAVAILABLE, Code.TIMEOUT);
  private static final String CLIENTS =
      " FROM pg_stat_activity WHERE usename IN ('once', 'twice')"
          + " ORDER BY state = 'active' DESC, random() LIMIT 1";

  private final VertxPools pools = new VertxPools();
  private final Map<String, AtomicInteger> errors = new ConcurrentHashMap<>();
  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
  private final AtomicLong answers = new AtomicLong();

  private enum Fault {
    SESSION_ENDED,
    SESSION_HANGS,
    SERVER_STOPPED,
    SESSION_KILLED
  }

  @Test
  void everyCallEndsOnceWithItsOwnAnswer() throws Exception {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase()) {
      execute(database.superuserDataSource(), "CREATE ROLE once LOGIN PASSWORD 'secret'");
      execute(database.superuserDataSource(), "CREATE ROLE twice LOGIN PASSWORD 'secret'");
      execute(database.superuserDataSource(), "ALTER ROLE twice SET pg_hello.repeat = 2");
      try (var once = client(database, "once");
          var twice = client(database, "twice")) {
        var callers =
            List.of(
                new Caller(once, "Hello, %1$s!"), new Caller(twice, "Hello, %1$s! Hello, %1$s!"));
        callers.forEach(Caller::start);
        int faults = 0;
        while (answers.get() < ANSWERS || faults < Fault.values().length) {
          Fault fault = Fault.values()[faults++ % Fault.values().length];
          cause(fault, server, database.superuserDataSource());
          awaitAnswersOfBoth(callers);
        }
        for (Caller caller : callers) {
          caller.stop();
        }
        System.out.printf("%,d answers, %d faults, errors: %s%n", answers.get(), faults, errors);
      }
    } finally {
      pools.close();
    }
    assertThat(wrong).isEmpty();
    assertThat(errors).as("the faults were noticed").isNotEmpty();
  }

  private BatchedFunction<Greeting, String> client(TestDatabase database, String user)
      throws SQLException {
    PgConnectOptions options =
        VertxPools.options(database.superuserDataSource()).setUser(user).setPassword("secret");
    var mapper =
        new GreetAll() {
          @Override
          public void bind(PreparedStatement statement, List<Greeting> requests)
              throws SQLException {
            List<String> names = requests.stream().map(Greeting::name).toList();
            statement.setArray(1, TextArray.of(statement.getConnection(), names));
            // the number of the session, which identifies the user
            statement.setArray(2, null);
          }
        };
    return BatchedFunction.builder(BatchedFunctionIT.EXTENSION, "pg_hello_all", mapper)
        .connections(VertxConnections.of(pools.context, pools.pool(options, 3)))
        .maxInFlightBatches(2)
        .callTimeout(Duration.ofSeconds(2))
        .build();
  }

  private void cause(Fault fault, ExtensionServer server, DataSource superuser) throws Exception {
    switch (fault) {
      case SESSION_ENDED -> ask(superuser, "SELECT pg_terminate_backend(pid)" + CLIENTS);
      case SESSION_HANGS -> {
        String session = ask(superuser, "SELECT pid" + CLIENTS);
        signal("STOP", session);
        // longer than the timeout of the calls
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2_500));
        signal("CONT", session);
      }
      case SESSION_KILLED -> signal("KILL", ask(superuser, "SELECT pid" + CLIENTS));
      case SERVER_STOPPED -> {
        server.stop();
        server.startAgain();
      }
    }
    LockSupport.parkNanos(PAUSE_NANOS);
  }

  private static void signal(String name, String session) throws Exception {
    if (!session.isEmpty()) {
      new ProcessBuilder("kill", "-" + name, session).inheritIO().start().waitFor();
    }
  }

  /** Waits until both users have got answers again. */
  private static void awaitAnswersOfBoth(List<Caller> callers) {
    List<Long> goals = callers.stream().map(caller -> caller.answered.get() + IN_FLIGHT).toList();
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
    for (int i = 0; i < goals.size(); i++) {
      while (callers.get(i).answered.get() < goals.get(i)) {
        assertThat(System.nanoTime() - end).as("calls are answered").isNegative();
        LockSupport.parkNanos(1_000_000);
      }
    }
  }

  /** Keeps calls of one user in flight. Each call starts the next one when it ends. */
  private final class Caller {
    private final FunctionAsyncOperations<Greeting, String> greetings;
    private final FunctionAsyncOperations<Greeting, String> hasty;
    private final String expected;
    private final AtomicLong answered = new AtomicLong();
    private final AtomicLong begun = new AtomicLong();
    private final AtomicLong ended = new AtomicLong();
    private volatile boolean stopped;

    Caller(BatchedFunction<Greeting, String> greetings, String expected) {
      this.greetings = greetings;
      this.hasty = greetings.withTimeout(Duration.ofMillis(1));
      this.expected = expected;
    }

    void start() {
      for (int i = 0; i < IN_FLIGHT; i++) {
        pools.context.runOnContext(task -> next());
      }
    }

    private void next() {
      long number = begun.incrementAndGet();
      String name = "u" + number;
      var ends = new AtomicInteger();
      var unused =
          (number % 1_000 == 0 ? hasty : greetings)
              .callAsync(new Greeting(name, 1))
              .whenComplete(
                  (answer, error) -> {
                    if (ends.incrementAndGet() > 1) {
                      wrong.add(name + " has ended again");
                    }
                    ended.incrementAndGet();
                    if (answer == null) {
                      note(name, error);
                    } else if (answer.equals(expected.formatted(name))) {
                      answered.incrementAndGet();
                      answers.incrementAndGet();
                    } else {
                      wrong.add(name + ": " + answer);
                    }
                    if (!stopped) {
                      if (error == null) {
                        pools.context.runOnContext(task -> next());
                      } else {
                        pools.vertx().setTimer(1, timer -> next());
                      }
                    }
                  });
    }

    private void note(String name, Throwable error) {
      if (!(error instanceof FunctionCallException failed)) {
        wrong.add(name + ": " + error);
      } else if (EXPECTED.contains(failed.code())) {
        errors
            .computeIfAbsent(failed.code().name(), unused -> new AtomicInteger())
            .incrementAndGet();
      } else {
        wrong.add(name + ": " + failed);
      }
    }

    /** Waits until all calls have ended. */
    void stop() {
      stopped = true;
      long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
      while (ended.get() < begun.get()) {
        assertThat(System.nanoTime() - end).as("all calls end").isNegative();
        LockSupport.parkNanos(1_000_000);
      }
    }
  }

  private static void execute(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Returns the first value of a result; an empty text if there is no row. */
  private static String ask(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      return row.next() ? row.getString(1) : "";
    }
  }
}
