// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.Run;
import io.pghello.cli.connect.Target;
import io.pghello.cli.connect.TargetResolver;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Sessions of a dump that wait for locks. */
@PgHelloTest
class LockWatchIT {
  private static final Duration LIMIT = Duration.ofMillis(500);

  private static Target target(ExtensionServer server, TestDatabase database) {
    Map<String, String> environment = Run.environment(server, database);
    environment.put("PGUSER", "postgres");
    return TargetResolver.find(Map.of(), Map.of(), environment::get, "nobody", 60);
  }

  private static CompletableFuture<Void> start(Connection connection, String statement) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            Run.execute(connection, statement);
          } catch (SQLException e) {
            throw new AssertionError(e);
          }
        },
        task -> new Thread(task).start());
  }

  private static void awaitWaiting(Connection superuser, int number) throws Exception {
    Run.await(
        number + " sessions wait",
        () ->
            Run.value(
                    superuser,
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'mine.t'::regclass")
                .equals(String.valueOf(number)));
  }

  @Test
  void endsADumpThatWaitsForAnotherSession(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    Target target = target(server, database);
    String name = "pghello " + database.name();
    // Blockers are sorted by process ID, and the second session has a lower one.
    try (Connection second = database.dataSource().getConnection();
        Connection owner = database.dataSource().getConnection();
        Connection idle = target.withApplicationName(name).connect();
        Connection waits = target.withApplicationName(name).connect();
        Connection other = target.connect()) {
      Run.execute(owner, "CREATE SCHEMA mine", "CREATE TABLE mine.t (i int)");
      // Any role can see and use the name of the dump's sessions.
      Run.execute(owner, "SET application_name = '" + name + "'");
      owner.setAutoCommit(false);
      String process = Run.value(owner, "SELECT pg_backend_pid()");
      Run.execute(owner, "LOCK TABLE mine.t IN SHARE MODE");
      // This session is next in the queue, but not the cause.
      CompletableFuture<Void> queued = start(second, "ALTER TABLE mine.t ADD j int");
      awaitWaiting(superuser, 1);
      CompletableFuture<Void> reads = start(waits, "SELECT FROM mine.t");
      CompletableFuture<Void> others = start(other, "SELECT FROM mine.t");
      awaitWaiting(superuser, 3);
      try (var watch = new LockWatch(target, name, LIMIT)) {
        assertThatThrownBy(() -> reads.get(1, TimeUnit.MINUTES))
            .hasMessageContaining("terminating connection");
        LockWatch.Blocker blocker = Objects.requireNonNull(watch.blocker());
        assertThat(blocker.what())
            .isEqualTo("mine.t is locked by session " + process + " of role app");
        assertThat(blocker.waited()).isBetween(LIMIT, LockWatch.SHORT);
        Run.await("all sessions of the dump end", () -> !idle.isValid(10));
      }
      assertThat(List.of(queued, others)).noneMatch(CompletableFuture::isDone);
      owner.rollback();
      queued.get(1, TimeUnit.MINUTES);
      others.get(1, TimeUnit.MINUTES);
    }
  }

  /** The dump gets the first lock in time, and then waits for the second one. */
  @Test
  void countsTheTimeOfEachBlockerSeparately(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    Target target = target(server, database);
    String name = "pghello " + database.name();
    try (Connection first = database.dataSource().getConnection();
        Connection second = database.dataSource().getConnection();
        Connection waits = target.withApplicationName(name).connect()) {
      Run.execute(
          first,
          "CREATE SCHEMA mine",
          "CREATE TABLE mine.t (i int)",
          "CREATE TABLE mine.u (i int)");
      first.setAutoCommit(false);
      second.setAutoCommit(false);
      Run.execute(first, "LOCK TABLE mine.t");
      Run.execute(second, "LOCK TABLE mine.u");
      try (var watch = new LockWatch(target, name, LockWatch.SHORT)) {
        CompletableFuture<Void> reads = start(waits, "SELECT FROM mine.t; SELECT FROM mine.u");
        awaitWaiting(superuser, 1);
        Thread.sleep(3 * LIMIT.toMillis());
        long released = System.nanoTime();
        first.rollback();
        assertThatThrownBy(() -> reads.get(1, TimeUnit.MINUTES))
            .hasMessageContaining("terminating connection");
        assertThat(Duration.ofNanos(System.nanoTime() - released))
            .isGreaterThanOrEqualTo(LockWatch.SHORT);
        assertThat(Objects.requireNonNull(watch.blocker()).what())
            .startsWith("mine.u is locked by session");
      }
    }
  }

  /** The change of the table waits for pg_dump, and ends when pg_dump does. */
  @Test
  void acceptsWaitingForTheDumpItself(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws Exception {
    Target target = target(server, database);
    String name = "pghello " + database.name();
    try (Connection owner = database.dataSource().getConnection();
        Connection dump = target.withApplicationName(name).connect();
        Connection waits = target.withApplicationName(name).connect();
        var watch = new LockWatch(target, name, LIMIT)) {
      Run.execute(owner, "CREATE SCHEMA mine", "CREATE TABLE mine.t (i int)");
      dump.setAutoCommit(false);
      Run.execute(dump, "LOCK TABLE mine.t IN ACCESS SHARE MODE");
      CompletableFuture<Void> change = start(owner, "ALTER TABLE mine.t ADD j int");
      awaitWaiting(superuser, 1);
      CompletableFuture<Void> reads = start(waits, "SELECT FROM mine.t");
      awaitWaiting(superuser, 2);
      Thread.sleep(5 * LIMIT.toMillis());
      assertThat(watch.blocker()).isNull();
      dump.rollback();
      change.get(1, TimeUnit.MINUTES);
      reads.get(1, TimeUnit.MINUTES);
    }
  }
}
