// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Provides the client's connections, and decides whether a call may be batched. For most programs,
 * a {@link javax.sql.DataSource} is sufficient ({@code dataSource::getConnection}); frameworks that
 * bind connections to threads also implement the other methods.
 *
 * <p>Methods must be thread-safe. They are called on the calling thread or, for batched and
 * asynchronous calls, on any caller's thread or a thread of the client. If {@link #getConnection}
 * or {@link #mayJoinBatch} throws an exception, or {@link #getConnection} returns null, the call
 * fails with {@link FunctionCallException.Code#CONNECTION_UNAVAILABLE}.
 */
@FunctionalInterface
public interface ConnectionSource {
  /**
   * Returns a connection for one statement. The client passes it to {@link #release} afterwards.
   *
   * <p>If this method takes longer than the client's {@code callTimeout}, the client interrupts the
   * thread; most pools then throw an exception. If the source ignores interrupts (HikariCP does
   * while it is suspended), the call ends only when this method returns. Other calls that are
   * waiting for this call still time out as usual. The client clears only its own interrupt: a
   * thread that the program has already interrupted stays interrupted.
   *
   * @throws SQLException if no connection is available
   */
  // an interrupt by the program between the client's interrupt and this method's return is lost
  Connection getConnection() throws SQLException;

  /**
   * Releases a connection. The default implementation closes it.
   *
   * @param connection the connection that {@link #getConnection} returned
   * @throws SQLException if the connection cannot be released; the client logs the exception, and
   *     the call still returns its answer
   */
  default void release(Connection connection) throws SQLException {
    connection.close();
  }

  /**
   * Returns whether the call that the current thread is about to make may share a statement with
   * calls from other threads, on a connection borrowed by another thread. Return false if {@link
   * #getConnection} would return a connection that is bound to the thread, for example to its
   * transaction or its tenant. The call then runs on the current thread in a separate statement,
   * without retries, and the client does not commit or roll back the current transaction.
   *
   * @return true by default
   */
  default boolean mayJoinBatch() {
    return true;
  }
}
