// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;

/**
 * Maps the calls of a {@link CoalescedFunction} to a statement and its answer. The function takes
 * the arguments of many calls as arrays, and returns an array with an answer to each, in order.
 *
 * <p><b>The function must have no side effects</b>: it is called again for the same requests if a
 * connection was lost, or if another request of the batch was refused. <b>Its answers must not
 * depend on the session</b> (role, row level security, {@code search_path}, settings), because
 * requests of several callers run in the session of one. Nor should it raise the SQLSTATEs of a
 * lost connection (08, 57P), which are retried.
 *
 * <p>{@link #bind}, {@link #read} and {@link #matches} are called concurrently, on the thread of
 * any caller or of the client, and should do nothing else. If one of them throws, only the calls
 * that cause it fail, with {@link FunctionCallException.Code#SERVER_ERROR} and the exception as the
 * cause. An exception with an SQLSTATE is treated like one of the server or the driver. A {@link
 * VirtualMachineError} fails all calls of the batch.
 *
 * @param <Q> the arguments of one call; immutable, because they are kept until the call ends
 * @param <A> the result of one call, never null
 */
public interface BatchMapper<Q, A> {
  /**
   * Binds requests to the parameters of a statement, which are the function's arguments: one array
   * or more, with an element of each request.
   *
   * @param requests one or more; to be used only until this returns
   */
  void bind(PreparedStatement statement, List<Q> requests) throws SQLException;

  /**
   * Reads the answers, in their order. An element that is null in SQL has to be something else, as
   * an empty {@link java.util.Optional}: a null fails its call with {@link
   * FunctionCallException.Code#ANSWER_MISMATCH}, and so does another number of answers than of
   * requests with all calls of the batch.
   */
  List<A> read(Array answers) throws SQLException;

  /**
   * Returns whether this can be the answer to the request. The client has already checked that the
   * result comes from this function, with one element per request. If a result repeats a part of
   * its request, compare it: one that is not its own fails its call with {@link
   * FunctionCallException.Code#ANSWER_MISMATCH}, and its connection is closed.
   */
  boolean matches(Q request, A answer);

  /**
   * Returns the approximate size of the arguments of a call in bytes (0 or more), for the limits of
   * batches and of the queue. A call of 16 KiB or more is sent in a separate statement. Called on
   * the thread of the caller. Exceptions are passed to the caller.
   */
  int sizeInBytes(Q request);
}
