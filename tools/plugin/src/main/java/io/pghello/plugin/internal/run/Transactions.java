// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import io.pghello.plugin.Isolation;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.PostgresException.Reason;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Failures.Detail;
import io.pghello.plugin.internal.pool.Pool;
import io.pghello.plugin.internal.pool.Pool.After;
import io.pghello.plugin.internal.pool.ServerErrors;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The open transactions, by their ids. Each transaction belongs to the connection that began it,
 * holds one of the pool's connections, and is rolled back when its lease expires. Thread-safe.
 */
public final class Transactions {
  private final Map<String, Open> open = new ConcurrentHashMap<>();
  private final Timeouts timeouts;
  private final long leaseMillis;

  /** Creates an empty set of transactions. */
  public Transactions(Timeouts timeouts, long leaseMillis) {
    this.timeouts = timeouts;
    this.leaseMillis = leaseMillis;
  }

  /** An open transaction. */
  private final class Open {
    final String id = UUID.randomUUID().toString();
    final ReentrantLock lock = new ReentrantLock();
    final long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(leaseMillis);
    final Pool pool;
    final Connection connection;
    final boolean readOnly;
    @Nullable ScheduledFuture<?> lease;
    @Nullable String failed;
    After after = After.KEEP;
    boolean ended;

    Open(Pool pool, Connection connection, boolean readOnly) {
      this.pool = pool;
      this.connection = connection;
      this.readOnly = readOnly;
    }

    long millisLeft() {
      return TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
    }

    /** Ends the transaction and releases the caller's lock on it. */
    void endAndUnlock() {
      try {
        end();
      } finally {
        lock.unlock();
      }
    }

    /** Rolls back an uncommitted transaction, and returns its connection to the pool. */
    void end() {
      open.remove(id);
      if (ended) {
        return;
      }
      ended = true;
      if (lease != null) {
        lease.cancel(false);
      }
      pool.giveBack(connection, after);
      pool.transactions().release();
      pool.release();
    }
  }

  /** Begins a transaction, and returns its id. */
  public String begin(Call call, @Nullable Isolation isolation) {
    Pool pool = call.pool();
    if (!pool.transactions().tryAcquire()) {
      throw Failures.builder(
              Code.LIMIT_REACHED, "The connection has reached its limit on open transactions.")
          .retryable()
          .remedy("Commit or roll back other transactions, or increase pool.max.")
          .build();
    }
    boolean begun = false;
    try {
      Connection connection = pool.borrow();
      var transaction = new Open(pool, connection, call.permissions().readOnly());
      if (!pool.retain()) {
        connection.close();
        throw gone();
      }
      begun = true;
      open.put(transaction.id, transaction);
      try {
        connection.setReadOnly(transaction.readOnly);
        connection.setAutoCommit(false);
        transaction.lease = timeouts.after(leaseMillis, () -> expire(transaction));
        if (isolation != null) {
          change(transaction, call, session -> session.isolate(isolation));
        }
        return transaction.id;
      } catch (SQLException | RuntimeException e) {
        transaction.end();
        throw e;
      }
    } catch (SQLException e) {
      throw ServerErrors.running(e, pool.config(), ServerErrors.Run.NONE);
    } finally {
      if (!begun) {
        pool.transactions().release();
      }
    }
  }

  /** Runs work in the transaction of a call. */
  <T> T use(Call call, Function<Session, T> work) {
    return use(find(call), call, work);
  }

  /**
   * Commits a transaction. If an earlier statement of the transaction failed, rolls back the
   * transaction and throws an exception. Read-only transactions are rolled back, which also reverts
   * settings and notifications.
   */
  public void commit(Call call) {
    Open transaction = find(call);
    lock(transaction, call);
    try {
      change(transaction, call, Session::commit);
    } finally {
      transaction.endAndUnlock();
    }
  }

  /** Rolls back a transaction. */
  public void rollback(Call call) {
    Open transaction = find(call);
    lock(transaction, call);
    transaction.endAndUnlock();
  }

  /** Ends the transactions of a closed pool. */
  public void endAll(Pool pool) {
    for (Open transaction : open.values()) {
      if (transaction.pool == pool) {
        expire(transaction);
      }
    }
  }

  private void change(Open transaction, Call call, Consumer<Session> change) {
    Boolean unused =
        use(
            transaction,
            call,
            session -> {
              change.accept(session);
              return true;
            });
  }

  private <T> T use(Open transaction, Call call, Function<Session, T> work) {
    lock(transaction, call);
    try {
      if (transaction.failed != null) {
        throw Failures.builder(Code.TRANSACTION_FAILED, "The transaction has already failed.")
            .with(Detail.CAUSE, transaction.failed)
            .retryable()
            .remedy("Roll it back, and begin a new one.")
            .build();
      }
      if (call.permissions().readOnly() && !transaction.readOnly) {
        transaction.end();
        throw Failures.withRemedy(
            Code.NOT_ALLOWED,
            "The connection is now read-only, so its read-write transaction was rolled back.",
            "Begin a new transaction.");
      }
      long millis = Math.max(1, Math.min(call.timeoutMillis(), transaction.millisLeft()));
      try (Timeouts.Guard guard = timeouts.guard(transaction.connection, call, millis)) {
        var mode = new SessionMode(transaction.readOnly, true);
        var session = new Session(call, transaction.connection, guard, mode, transaction.after);
        try {
          return work.apply(session);
        } finally {
          transaction.after = session.after();
        }
      } catch (PostgresException e) {
        throw noted(transaction, e);
      } catch (SQLException e) {
        throw noted(
            transaction, ServerErrors.running(e, transaction.pool.config(), ServerErrors.Run.NONE));
      }
    } finally {
      transaction.lock.unlock();
    }
  }

  /**
   * Marks a transaction as failed if the server can now only roll it back. If the connection was
   * lost, ends the transaction, because the server has already rolled it back. Returns the
   * exception to throw.
   */
  private static PostgresException noted(Open transaction, PostgresException e) {
    if (!transaction.ended && Session.hasFailed(transaction.connection)) {
      transaction.failed = e.code().text();
    }
    if (e.isConnectionLost()) {
      transaction.end();
      return Failures.builder(
              Code.TRANSACTION_FAILED,
              "The transaction was rolled back because its connection was lost.")
          .with(Detail.SQL_STATE, e.sqlState())
          .reason(Reason.LOST)
          .retryable()
          .remedy("Begin a new transaction.")
          .build();
    }
    return e;
  }

  private Open find(Call call) {
    Open transaction = call.transactionId() == null ? null : open.get(call.transactionId());
    // A transaction of another connection is treated as if it did not exist.
    if (transaction == null || transaction.pool != call.pool()) {
      throw gone();
    }
    return transaction;
  }

  private static void lock(Open transaction, Call call) {
    boolean locked = false;
    try {
      locked = transaction.lock.tryLock(call.timeoutMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!locked) {
      throw Failures.withRemedy(
          Code.QUERY_TIMEOUT,
          "Another call is using the transaction.",
          "Send the statements of a transaction one after another.");
    }
    if (transaction.ended) {
      transaction.lock.unlock();
      throw gone();
    }
  }

  private void expire(Open transaction) {
    open.remove(transaction.id);
    transaction.lock.lock();
    transaction.endAndUnlock();
  }

  private static PostgresException gone() {
    return Failures.builder(
            Code.TRANSACTION_FAILED,
            "There is no such transaction; it has ended, or its lease has expired.")
        .reason(Reason.GONE)
        .retryable()
        .remedy("Begin a new transaction.")
        .build();
  }
}
