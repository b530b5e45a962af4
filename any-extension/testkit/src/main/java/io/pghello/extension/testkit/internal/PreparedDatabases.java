// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Creates a database while a test runs, so that the next test need not wait for it, and drops those
 * that tests have done with. One thread does both, and ends when it has had nothing to do for some
 * seconds. At most one database of each template is ready at a time; the first is created when the
 * first test has got its own, so that a server's first database comes no later.
 *
 * <p>Thread-safe.
 */
final class PreparedDatabases implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger("io.pghello.extension.testkit");
  private static final long THREAD_IDLE_SECONDS = 5;

  private final Databases databases;
  private final AdminConnection admin;
  private final ThreadPoolExecutor thread;
  // by their templates
  private final Map<String, Creation> next = new ConcurrentHashMap<>();
  private final Set<String> toDrop = ConcurrentHashMap.newKeySet();
  private final Set<String> warned = ConcurrentHashMap.newKeySet();
  // of the thread
  private boolean templateOpened;

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
            new ThreadPoolExecutor.DiscardPolicy());
    thread.allowCoreThreadTimeOut(true);
  }

  private static Thread newThread(Runnable task) {
    var thread = new Thread(null, task, "pg-hello-databases", 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(PreparedDatabases.class.getClassLoader());
    return thread;
  }

  /**
   * Returns the name of a copy of a template: the one that is ready, the one that is being created
   * if no other thread waits for that, or one that the calling thread creates. Has the next one
   * created.
   *
   * @throws SQLException also if the thread is interrupted while a database is being created
   */
  String take(String template) throws SQLException {
    Creation prepared = next.remove(template);
    // one that waits for databases to be dropped is not waited for
    String name = prepared == null || prepared.tryBegin() ? null : get(prepared);
    if (name == null) {
      name = databases.newName();
      try (AdminConnection once = databases.connect()) {
        databases.create(once, name, template);
      }
    } else {
      try {
        databases.awaitServer();
      } catch (SQLException e) {
        toDrop.add(name);
        throw e;
      }
    }
    var creation = new Creation(template);
    if (next.putIfAbsent(template, creation) == null) {
      thread.execute(creation);
    }
    dropLeft();
    return name;
  }

  /** Returns null if the database could not be created: the caller finds the reason itself. */
  private @Nullable String get(Creation prepared) throws SQLException {
    try {
      return prepared.name.get();
    } catch (ExecutionException e) {
      return null;
    } catch (InterruptedException e) {
      if (next.putIfAbsent(prepared.template, prepared) != null) {
        var unused = prepared.name.thenAccept(this::drop);
      }
      Thread.currentThread().interrupt();
      throw new SQLException("interrupted while a database was being created", e);
    }
  }

  /**
   * Drops a database, soon. If the server does not run, it is dropped when that runs again.
   *
   * @return how many there are to drop
   */
  int drop(String name) {
    toDrop.add(name);
    dropLeft();
    return toDrop.size();
  }

  /** Drops the remaining databases in the background. */
  void dropLeft() {
    if (!toDrop.isEmpty()) {
      thread.execute(this::dropAll);
    }
  }

  private void dropAll() {
    toDrop.removeIf(this::tryDrop);
  }

  private boolean tryDrop(String name) {
    try {
      databases.drop(admin, name);
      return true;
    } catch (SQLException e) {
      // a server that does not run is no reason to warn: it drops the database when it runs again
      boolean warns = isRefusal(e) && warned.add(name);
      LOGGER.log(
          warns ? System.Logger.Level.WARNING : System.Logger.Level.DEBUG,
          "could not drop the database " + databases.described(name) + " yet",
          e);
      return false;
    }
  }

  /** Returns whether the server runs and does not do it. */
  private static boolean isRefusal(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return !state.startsWith("08") && !state.startsWith("57P");
  }

  /** Stops creating and dropping. Remaining databases are removed with the server's data. */
  @Override
  public void close() {
    thread.shutdownNow();
    next.clear();
    admin.close();
  }

  /** The creation of a database, which the thread begins, or a caller instead of it. */
  private final class Creation implements Runnable {
    final String template;
    final CompletableFuture<String> name = new CompletableFuture<>();
    private final AtomicBoolean begun = new AtomicBoolean();

    Creation(String template) {
      this.template = template;
    }

    /** Returns true once: to the thread that creates a database. */
    boolean tryBegin() {
      return begun.compareAndSet(false, true);
    }

    @Override
    public void run() {
      if (tryBegin()) {
        String database = databases.newName();
        try {
          if (!templateOpened) {
            databases.openTemplate(admin);
            templateOpened = true;
          }
          databases.create(admin, database, template);
          name.complete(database);
        } catch (SQLException | RuntimeException | Error e) {
          // the server may have created it before it was stopped
          toDrop.add(database);
          name.completeExceptionally(e);
        }
      }
    }
  }
}
