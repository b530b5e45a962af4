// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Source of the client's connections, which also says whether a call may share a statement with
 * others. For most, a {@link javax.sql.DataSource} says it all ({@code dataSource::getConnection});
 * frameworks that bind a connection to a thread implement the rest.
 *
 * <p>Methods are called on the thread that makes the call or, for calls that share a statement and
 * for futures, on that of any of them or of the client; so they must be safe for many threads. What
 * {@link #get} and {@link #mayJoinBatch} throw, or a null connection, fails the call with {@link
 * FunctionCallException.Code#NO_CONNECTION}.
 */
@FunctionalInterface
public interface ConnectionSource {
  /**
   * Returns a connection for one statement. The client hands it to {@link #release} afterwards.
   *
   * <p>If this takes longer than the client's {@code callTimeout}, the client interrupts the
   * thread, and clears the interrupt afterwards; pools heed that, and throw. A call whose source
   * does not, as HikariCP while it is suspended, ends only when this returns; calls that wait for
   * it end in time. A thread that the program has interrupted before stays interrupted; an
   * interrupt that comes after the client's own, before this returns, cannot be told from it.
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
   * calls of other threads, on a connection that another thread gets. Say no where {@link #get}
   * would return a connection that is the thread's own: one that is in a transaction, or that
   * belongs to the thread's tenant. The call is then made on the current thread, by itself, never
   * repeated, and the transaction that it finds is left as it is.
   *
   * @return true, unless this is overridden
   */
  default boolean mayJoinBatch() {
    return true;
  }
}
