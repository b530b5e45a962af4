// SPDX-License-Identifier: MIT
package io.pghello.testkit.internal;

import java.sql.SQLException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Creates a database while a test runs, so that the next test need not wait for it, and drops those
 * that tests have done with. One thread does both, and ends when it has had nothing to do for some
 * seconds. At most one database is ready at a time; the first is created when the first test has
 * got its own, so that a server's first database comes no later.
 *
 * <p>Thread-safe.
 */
final class PreparedDatabases implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger("io.pghello.testkit");
  private static final long THREAD_IDLE_SECONDS = 5;

  private final Databases databases;
  private final AdminConnection admin;
  private final ThreadPoolExecutor thread;
  private final AtomicReference<@Nullable FutureTask<String>> next = new AtomicReference<>();

  PreparedDatabases(Databases databases) {
    this.databases = databases;
    this.admin = databases.connect();
    this.thread =
        new ThreadPoolExecutor(
            1,
            1,
            THREAD_IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            PreparedDatabases::newThread,
            (task, pool) -> cancel(task));
    thread.allowCoreThreadTimeOut(true);
  }

  private static Thread newThread(Runnable task) {
    var thread = new Thread(null, task, "pg-hello-databases", 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(PreparedDatabases.class.getClassLoader());
    return thread;
  }

  /**
   * Returns the name of a database with the extension: the one that is ready, the one that is being
   * created if no other thread waits for that, or one that the calling thread creates. Has the next
   * one created.
   */
  String take() throws SQLException {
    FutureTask<String> prepared = next.getAndSet(null);
    String name = prepared == null ? null : get(prepared);
    if (name == null) {
      try (AdminConnection once = databases.connect()) {
        name = databases.create(once, true);
      }
    }
    var task = new FutureTask<>(() -> databases.create(admin, true));
    if (next.compareAndSet(null, task)) {
      thread.execute(task);
    }
    return name;
  }

  /** Returns null if the database could not be created: the caller finds the reason itself. */
  private static @Nullable String get(FutureTask<String> prepared) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return prepared.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException | CancellationException e) {
      return null;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Cancels a creation that will not run, so that no thread waits for it. */
  private static void cancel(Runnable task) {
    if (task instanceof FutureTask<?> creation) {
      creation.cancel(false);
    }
  }

  /** Drops a database in which there are no sessions, soon. */
  void drop(String name) {
    thread.execute(
        () -> {
          try {
            databases.drop(admin, name);
          } catch (SQLException e) {
            // the server was stopped meanwhile, and its data is removed
            LOGGER.log(System.Logger.Level.DEBUG, "could not drop the database " + name, e);
          }
        });
  }

  /** Creates and drops no more; what is left goes with the server's data. */
  @Override
  public void close() {
    thread.shutdownNow().forEach(PreparedDatabases::cancel);
    next.set(null);
    admin.close();
  }
}
