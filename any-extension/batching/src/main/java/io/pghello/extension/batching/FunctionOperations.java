// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import io.pghello.extension.batching.FunctionCallException.Code;
import java.sql.Connection;
import java.time.Duration;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * Blocking calls to one function, on pooled connections ({@link BatchedFunction}) or on the
 * caller's connection ({@link #withConnection}). Depend on this interface if tests have to replace
 * the {@code BatchedFunction}.
 *
 * <p>Calls that fail throw a {@link FunctionCallException}. Null arguments cause a {@link
 * NullPointerException}. Later versions may add methods.
 *
 * @param <Q> the arguments of a call
 * @param <A> the answer to a call
 */
public interface FunctionOperations<Q, A> {
  /**
   * Calls the function and waits for the answer. Takes one round trip, which may be shared with
   * other calls. The first call takes an additional round trip.
   *
   * @param request the arguments
   * @return the answer, never null
   * @throws FunctionCallException if the function fails ({@link Code#SERVER_ERROR}, with the
   *     SQLSTATE and the server's message), or if the extension, the server or a connection cannot
   *     be used
   */
  A call(Q request);

  /**
   * Calls the function for many arguments. Takes one round trip per batch of at most {@link
   * ClientBuilder#maxBatchSize} arguments and about {@link ClientBuilder#maxBatchBytes} bytes, and
   * none for an empty list. Each batch has its own timeout. If the function rejects an argument,
   * the whole call fails. The error contains the index of the argument if the client has {@link
   * ClientDefinition#checks}; otherwise, use {@link #call} for arguments that may be rejected.
   *
   * @param requests the arguments, without null elements; duplicates are allowed
   * @return an unmodifiable list of answers, in the order of the arguments
   * @throws FunctionCallException for the same reasons as {@link #call}
   */
  List<A> callAll(Collection<? extends Q> requests);

  /**
   * Calls the function for arguments from an iterator, batch by batch like {@link #callAll}, and
   * passes the answers to a consumer. Only one batch is in memory. The consumers run on the calling
   * thread while no connection is in use. Arguments before the first invalid one are sent.
   *
   * @param requests the arguments, without null elements
   * @param answers receives the answers, in the order of the arguments
   * @param progress receives the number of answers so far, after each batch
   * @return the number of answers
   * @throws FunctionCallException for the same reasons as {@link #call}; the answers of earlier
   *     batches have been passed on
   */
  long callEach(Iterator<? extends Q> requests, Consumer<? super A> answers, LongConsumer progress);

  /**
   * Runs statements on a connection, for example calls to other functions of the extension, without
   * batching them. If the connection is lost, the work runs again on another one, unless {@link
   * ClientBuilder#retryOnConnectionLoss} is false. Listeners receive the statement, but no call.
   *
   * @return the result of the work
   * @throws FunctionCallException if the work fails
   */
  <T> T run(FunctionSession.Work<T> work);

  /**
   * Runs statements on a connection like {@link #run(FunctionSession.Work)}, and reports them to
   * listeners as a call.
   *
   * @param reported the function that listeners receive
   */
  <T> T run(ServerFunction reported, FunctionSession.Work<T> work);

  /**
   * Inspects the installation of the extension. Takes one round trip.
   *
   * @throws FunctionCallException if the server cannot be reached, or the query fails
   */
  default Preflight preflight() {
    return run(FunctionSession::preflight);
  }

  /** Returns the source of connections and the settings, for log messages. Contains no secrets. */
  String describe();

  /**
   * Returns operations with another timeout, which replaces {@link ClientBuilder#callTimeout}. They
   * share the connections and the queue of this instance, and are closed with it. Calls with
   * different timeouts can be in the same batch, but a call with a longer timeout than {@code
   * callTimeout} is sent in a separate statement. Takes no round trip.
   *
   * @param timeout the timeout, at least one millisecond and less than 20 days
   * @throws IllegalArgumentException if the timeout is out of range
   */
  FunctionOperations<Q, A> withTimeout(Duration timeout);

  /**
   * Returns operations that run on the given connection, within its current transaction if there is
   * one. Their calls are not batched or retried, and a server error aborts the transaction. Only
   * one thread at a time may use the connection, so there are no asynchronous methods. This method
   * takes no round trip. The first call takes an additional round trip if the client has not yet
   * used the database and user of this connection.
   *
   * @param connection the connection, which the caller closes
   */
  FunctionOperations<Q, A> withConnection(Connection connection);
}
