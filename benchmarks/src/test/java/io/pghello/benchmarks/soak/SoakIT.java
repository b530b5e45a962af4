// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Sql;
import io.pghello.benchmarks.poolers.Calls;
import io.pghello.benchmarks.poolers.Parts;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Uses all parts for some minutes, with a fault in each round. Afterwards, no resource usage may
 * have grown. The property {@code pg-hello.soak.minutes} sets the duration.
 */
@Tag("long")
@Timeout(value = 2, unit = TimeUnit.HOURS)
class SoakIT {
  private static final int MINUTES = Integer.getInteger("pg-hello.soak.minutes", 3);
  private static final int ROUNDS = Math.max(12, MINUTES);
  private static final long ROUND_NANOS = Duration.ofMinutes(MINUTES).toNanos() / ROUNDS;
  private static final int CALLERS = 8;
  private static final int ANSWERS = 200;
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /**
   * The tolerance for remnants of a fault, such as a refilled pool, and for background work of the
   * JVM.
   */
  private static final int THREADS_MORE = 8;

  private static final int FILES_MORE = 30;
  private static final long HEAP_MORE = 8 << 20;
  // the connections of the parts' pools, and the connection of this query
  private static final int SESSIONS = 12 + 6 + 6 + 1;

  /** The kinds of faults. */
  private enum Fault {
    SESSIONS_ENDED,
    SESSION_KILLED,
    SERVER_STOPPED,
    SERVER_KILLED;

    void happen(ExtensionServer server, DataSource superuser) throws SQLException {
      switch (this) {
        case SESSIONS_ENDED ->
            ask(
                superuser,
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type ="
                    + " 'client backend' AND pid <> pg_backend_pid()");
        case SESSION_KILLED ->
            ProcessHandle.of(Long.parseLong(ask(superuser, "SELECT pg_backend_pid()")))
                .ifPresent(ProcessHandle::destroyForcibly);
        case SERVER_STOPPED -> {
          server.stop();
          server.startAgain();
        }
        case SERVER_KILLED -> {
          server.kill();
          server.startAgain();
        }
      }
    }
  }

  /** The resource usage while there are no calls. */
  private record Sample(long heap, int threads, int files, int sessions, int left) {
    static Sample take(DataSource superuser) throws IOException, SQLException {
      System.gc();
      try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
        return new Sample(
            ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
            ManagementFactory.getThreadMXBean().getThreadCount(),
            (int) files.count(),
            Integer.parseInt(
                ask(
                    superuser,
                    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")),
            Integer.parseInt(
                ask(
                    superuser,
                    "SELECT (SELECT count(*) FROM pg_class WHERE relpersistence = 't') + (SELECT"
                        + " count(*) FROM pg_locks JOIN pg_stat_activity a USING (pid) WHERE"
                        + " a.backend_type = 'client backend' AND pid <> pg_backend_pid()) +"
                        + " (SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%')")));
      }
    }

    /** Returns whether all sessions are idle and no session is left over. */
    boolean isQuiet() {
      return sessions <= SESSIONS && left == 0;
    }
  }

  private final Calls calls = new Calls();
  private final ReadWriteLock calling = new ReentrantReadWriteLock(true);
  private final List<Sample> samples = new ArrayList<>();
  private volatile boolean ended;

  @Test
  void nothingGrows() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
    long errors = 0;
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase()) {
      DataSource superuser = database.superuserDataSource();
      Parts.createTables(database.dataSource());
      try (var parts = new Parts(Address.of(database.jdbcUrl()), true, PATIENCE)) {
        for (int i = 0; i < CALLERS; i++) {
          threads.execute(() -> call(parts));
        }
        for (int round = 0; round < ROUNDS; round++) {
          long end = System.nanoTime() + ROUND_NANOS;
          Fault fault = Fault.values()[round % Fault.values().length];
          awaitAnswers();
          fault.happen(server, superuser);
          awaitAnswers();
          while (System.nanoTime() - end < 0) {
            LockSupport.parkNanos(end - System.nanoTime());
          }
          Sample sample = sample(superuser);
          samples.add(sample);
          System.out.printf(
              "soak: %s, %d answers, %d errors, %s%n",
              fault, calls.answered(), calls.errors().size(), sample);
          errors += calls.errors().size();
          calls.errors().clear();
          assertThat(calls.wrong()).isEmpty();
        }
        ended = true;
        threads.shutdown();
        assertThat(threads.awaitTermination(2, TimeUnit.MINUTES)).isTrue();
      }
    } finally {
      ended = true;
      threads.shutdownNow();
    }
    System.out.printf("soak: %d answers, %d errors%n", calls.answered(), errors);
    assertThat(errors).as("the faults were noticed").isPositive();
    assertThat(samples).allMatch(Sample::isQuiet);
    // compare the minimum of several samples, because only some of them contain temporary objects
    assertThat(least(Sample::heap, false)).isLessThan(least(Sample::heap, true) + HEAP_MORE);
    assertThat(least(Sample::threads, false))
        .isLessThan(least(Sample::threads, true) + THREADS_MORE);
    assertThat(least(Sample::files, false)).isLessThan(least(Sample::files, true) + FILES_MORE);
  }

  /** Returns the minimum of the first or the second half of the samples. */
  private long least(ToLongFunction<Sample> value, boolean first) {
    int half = samples.size() / 2;
    return (first ? samples.subList(0, half) : samples.subList(half, samples.size()))
        .stream().mapToLong(value).min().orElseThrow();
  }

  private void call(Parts parts) {
    while (!ended) {
      calling.readLock().lock();
      try {
        calls.any(parts);
      } finally {
        calling.readLock().unlock();
      }
    }
  }

  private void awaitAnswers() {
    long goal = calls.answered() + ANSWERS;
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
    while (calls.answered() < goal) {
      assertThat(System.nanoTime() - end).as("calls are answered").isNegative();
      LockSupport.parkNanos(10_000_000);
    }
  }

  /** Takes a sample between the calls, with empty tables. */
  private Sample sample(DataSource superuser) throws IOException, SQLException {
    calling.writeLock().lock();
    try {
      try (Connection connection = superuser.getConnection()) {
        Sql.execute(connection, "TRUNCATE visitors, guests");
      }
      // wait, because the pools continue to open connections for a moment
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      Sample sample = Sample.take(superuser);
      while (!sample.isQuiet() && System.nanoTime() - end < 0) {
        LockSupport.parkNanos(100_000_000);
        sample = Sample.take(superuser);
      }
      return sample;
    } finally {
      calling.writeLock().unlock();
    }
  }

  private static String ask(DataSource superuser, String sql) throws SQLException {
    try (Connection connection = superuser.getConnection()) {
      return Sql.text(connection, sql);
    }
  }
}
