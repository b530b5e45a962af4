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
 * <p>{@link #bind}, {@link #read} and {@link #matches} are called on the thread of any of the
 * callers or of the client, many at a time, and should do no more than they say. If one of them
 * throws, only the calls that cause it fail, with {@link FunctionCallException.Code#SERVER_ERROR}
 * and the exception as the cause. An exception with an SQLSTATE is treated like one of the server
 * or the driver. A {@link VirtualMachineError} fails all calls of the batch.
 *
 * @param <Q> the arguments of one call; immutable, as they are kept until it has ended
 * @param <A> the answer to one call, which is never null
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
   * Returns whether this can be the answer to the request. The client has found already that the
   * answers are those of the function, and that there are as many as requests. Where an answer
   * repeats something of its request, compare it: one that is not its own fails its call with
   * {@link FunctionCallException.Code#ANSWER_MISMATCH}, and its connection is closed.
   */
  boolean matches(Q request, A answer);

  /**
   * Returns about how many bytes the arguments of a call have, for the limits of a batch and of
   * what may wait; 0 or more. One of 16 KiB or more is sent alone. Called on the thread of the
   * caller, who gets what it throws.
   */
  int sizeInBytes(Q request);
}
