// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Provides the client's connections, and decides whether a call may be batched. For most programs,
 * a {@link javax.sql.DataSource} is sufficient ({@code dataSource::getConnection}); frameworks that
 * bind a connection to a thread implement the other methods.
 *
 * <p>Methods must be thread-safe. They are called on the calling thread or, for batched and
 * asynchronous calls, on the thread of any caller or of the client. What {@link #get} and {@link
 * #mayJoinBatch} throw, or a null connection, fails the call with {@link
 * FunctionCallException.Code#NO_CONNECTION}.
 */
@FunctionalInterface
public interface ConnectionSource {
  /**
   * Returns a connection for one statement. The client hands it to {@link #release} afterwards.
   *
   * <p>If this takes longer than the client's {@code callTimeout}, the client interrupts the
   * thread, and clears the interrupt afterwards. Pools throw when they are interrupted. If the
   * source ignores interrupts (HikariCP while it is suspended), the call ends only when this method
   * returns. Calls that wait for this call time out as usual. If the program interrupted the thread
   * before, it stays interrupted. An interrupt by the program after the client's interrupt, before
   * this method returns, is lost.
   *
   * @throws SQLException if none can be had
   */
  Connection get() throws SQLException;

  /**
   * Takes a connection back. Closes it, unless this is overridden.
   *
   * @param connection what {@link #get} returned
   * @throws SQLException if it cannot be given back; the client logs that, and the call keeps its
   *     answer
   */
  default void release(Connection connection) throws SQLException {
    connection.close();
  }

  /**
   * Returns whether the call that the current thread is about to make may share a statement with
   * calls of other threads, on a connection that another thread gets. Return false if {@link #get}
   * would return a connection that is bound to the thread: one that is in a transaction, or that
   * belongs to the thread's tenant. The call then runs on the current thread in a separate
   * statement, without retries, and does not affect the current transaction.
   *
   * @return true, unless this is overridden
   */
  default boolean mayJoinBatch() {
    return true;
  }
}
