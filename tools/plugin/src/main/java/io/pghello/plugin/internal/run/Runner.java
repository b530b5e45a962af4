// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import io.pghello.plugin.Isolation;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.internal.pool.Pool;
import io.pghello.plugin.internal.pool.Pool.After;
import io.pghello.plugin.internal.pool.ServerErrors;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs work on a session. On a read-only connection, all work runs in a read-only transaction that
 * is rolled back, which also reverts settings and notifications.
 */
public final class Runner {
  private final Timeouts timeouts;
  private final Transactions transactions;

  /** Creates a runner. */
  public Runner(Timeouts timeouts, Transactions transactions) {
    this.timeouts = timeouts;
    this.transactions = transactions;
  }

  /**
   * Runs a read-only statement. If the connection was lost outside of a transaction, retries the
   * statement once, unless {@code autoReconnect} is off.
   */
  public <T> T read(Call call, Function<Session, T> work) {
    try {
      return write(call, work);
    } catch (PostgresException e) {
      if (call.transactionId() != null
          || !call.pool().config().autoReconnect()
          || !e.isConnectionLost()) {
        throw e;
      }
    }
    return write(call, work);
  }

  /** Runs one statement. */
  public <T> T write(Call call, Function<Session, T> work) {
    return call.transactionId() == null
        ? once(call, null, new SessionMode(call.permissions().readOnly(), false), work)
        : transactions.use(call, work);
  }

  /** Runs several statements in one transaction. */
  public <T> T transaction(Call call, @Nullable Isolation isolation, Function<Session, T> work) {
    return call.transactionId() == null
        ? once(call, isolation, new SessionMode(call.permissions().readOnly(), true), work)
        : transactions.use(call, work);
  }

  /**
   * Runs the work. If the work fails because another session has changed a table, it is retried
   * once. This is safe, because the failed attempt was rolled back.
   */
  private static <T> T applied(Session session, boolean several, Function<Session, T> work) {
    try {
      return work.apply(session);
    } catch (PostgresException e) {
      if (several || !session.forgetStale()) {
        throw e;
      }
    }
    return work.apply(session);
  }

  private <T> T once(
      Call call, @Nullable Isolation isolation, SessionMode mode, Function<Session, T> work) {
    Pool pool = call.pool();
    // First return the connection of the previous attempt, because a call uses only one connection
    // at a time.
    call.caller().doRest();
    Connection connection = pool.borrow();
    After after = After.END;
    try {
      if (mode.transaction()) {
        connection.setReadOnly(mode.readOnly());
        connection.setAutoCommit(false);
      }
      try (Timeouts.Guard guard = timeouts.guard(connection, call, call.timeoutMillis())) {
        var session = new Session(call, connection, guard, mode, After.KEEP);
        try {
          session.isolate(isolation);
          T result = applied(session, mode.several(), work);
          if (mode.several()) {
            session.commit();
          }
          return result;
        } finally {
          after = session.after();
        }
      }
    } catch (SQLException e) {
      throw ServerErrors.running(e, pool.config(), ServerErrors.Run.NONE);
    } finally {
      After last = after;
      call.caller().rest().add(() -> pool.giveBack(connection, last));
    }
  }
}
