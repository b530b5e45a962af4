// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

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
 * Creates the next database while a test runs, and drops databases that tests no longer use. A
 * single background thread does both. The thread ends after it has been idle for a few seconds. At
 * most one unused database per template exists at a time. The first unused database is created only
 * after the first test has received its own database, so that this test is not slowed down.
 *
 * <p>Thread-safe.
 */
final class PreparedDatabases implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger("io.pghello.extension.testkit");
  private static final long THREAD_IDLE_SECONDS = 5;

  private final Databases databases;
  private final AdminConnection admin;
  private final ThreadPoolExecutor thread;
  // the next database of each template
  private final Map<String, Creation> next = new ConcurrentHashMap<>();
  private final Set<String> toDrop = ConcurrentHashMap.newKeySet();
  private final Set<String> warned = ConcurrentHashMap.newKeySet();
  // used only by the background thread
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
   * Returns the name of a database that was copied from a template. If such a database is ready,
   * returns its name. If one is being created and no other thread waits for it, waits until it has
   * been created. Otherwise, creates a database on the calling thread. Afterwards, starts two tasks
   * in the background: creating the next database, unless it is already being created, and dropping
   * the databases that are queued for dropping.
   *
   * @throws SQLException if the database cannot be created, or if the thread is interrupted while
   *     it waits
   */
  String next(String template) throws SQLException {
    Creation prepared = next.remove(template);
    // do not wait for a creation that has not begun: the background thread may still be dropping
    // other databases
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

  /**
   * Waits for a database that is being created. Returns null if the database could not be created.
   * The caller then tries to create a database itself, and receives the error if that fails too.
   */
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
   * Drops a database in the background. If the server is not running, the database is dropped after
   * the server's next start.
   *
   * @return the number of databases queued for dropping
   */
  int drop(String name) {
    toDrop.add(name);
    dropLeft();
    return toDrop.size();
  }

  /** Drops all queued databases in the background. */
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
      // do not warn if the server is stopped: the database is dropped after the next start
      boolean warns = isRefusal(e) && warned.add(name);
      LOGGER.log(
          warns ? System.Logger.Level.WARNING : System.Logger.Level.DEBUG,
          "could not drop the database " + databases.described(name) + " yet",
          e);
      return false;
    }
  }

  /**
   * Returns whether the error means that the server has rejected the statement, rather than that
   * the server is not running.
   */
  private static boolean isRefusal(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return !state.startsWith("08") && !state.startsWith("57P");
  }

  /**
   * Stops creating and dropping databases. Remaining databases are removed together with the
   * server's data directory.
   */
  @Override
  public void close() {
    thread.shutdownNow();
    next.clear();
    admin.close();
  }

  /** The creation of a database, by the background thread or by a caller. */
  private final class Creation implements Runnable {
    final String template;
    final CompletableFuture<String> name = new CompletableFuture<>();
    private final AtomicBoolean begun = new AtomicBoolean();

    Creation(String template) {
      this.template = template;
    }

    /** Returns true on the first call only. The caller that receives true creates the database. */
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
          // the server may have created the database and stopped before it could respond
          toDrop.add(database);
          name.completeExceptionally(e);
        }
      }
    }
  }
}
