// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import io.pghello.extension.batching.FunctionCallException.Code;
import java.sql.Connection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/**
 * Calls of one function that wait for the answer. {@link CoalescedFunction} makes them on
 * connections of a pool, and {@link #on} on a connection of the program. Use this type if a test
 * replaces the function.
 *
 * <p>All methods throw {@link FunctionCallException}, and {@link NullPointerException} if an
 * argument is null.
 *
 * <p>Later versions may add methods.
 *
 * @param <Q> the arguments of a call
 * @param <A> its answer
 */
public interface FunctionOperations<Q, A> {
  /**
   * Calls the function and waits for the answer. Takes one round trip, or a part of one.
   *
   * @param request the arguments
   * @return the answer, never null
   * @throws FunctionCallException if the function fails ({@link Code#SERVER_ERROR}, with the
   *     SQLSTATE and the server's words), or if the extension, the server or a connection cannot be
   *     used
   */
  A call(Q request);

  /**
   * Calls the function for many arguments. Takes one round trip for each batch, which has at most
   * {@link CoalescedFunctionBuilder#maxBatchSize} arguments and about {@link
   * CoalescedFunctionBuilder#maxBatchBytes} bytes; each batch has the time of a call. If an
   * argument is refused, the whole list fails, and nothing is sent again to find it: use {@link
   * #call} for arguments that may be refused. An empty list takes no round trip.
   *
   * @param requests the arguments; duplicates are fine, and no element may be null
   * @return the answers, in the order of the arguments; unmodifiable
   * @throws FunctionCallException as {@link #call} does
   */
  List<A> callAll(Collection<? extends Q> requests);

  /**
   * Returns the same calls with another timeout than {@link CoalescedFunctionBuilder#callTimeout}.
   * It shares the connections and the queue of this instance and is closed with it. Calls with
   * different timeouts can be in the same batch, and each ends at its own timeout. A call with a
   * longer timeout than {@code callTimeout} is sent in a separate statement. Takes no round trip.
   *
   * @param timeout a millisecond or more, and less than 20 days
   * @throws IllegalArgumentException if the timeout is out of range
   */
  FunctionOperations<Q, A> withTimeout(Duration timeout);

  /**
   * Returns the same calls on a connection of the caller, in its transaction if there is one. Such
   * a call never shares a statement with other calls and is not retried. An error of the server
   * ends the transaction. Only one thread at a time may use the connection, so there are no
   * futures. Takes no round trip; the first call takes one more if the client has not seen the
   * database or the user of this connection.
   *
   * @param connection stays the caller's to close
   */
  FunctionOperations<Q, A> on(Connection connection);
}
