// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;

/**
 * Binds the arguments of a {@link BatchedFunction}'s calls to a statement, and reads the
 * statement's result. The SQL function accepts the arguments of many calls as arrays, and returns
 * an array with one answer per call, in the same order.
 *
 * <pre>{@code
 * public void bind(PreparedStatement statement, List<String> texts) throws SQLException {
 *   statement.setArray(1, TextArray.of(statement.getConnection(), texts));
 * }
 *
 * public List<Integer> read(Array answers) throws SQLException {
 *   return Arrays.asList((Integer[]) answers.getArray());
 * }
 * }</pre>
 *
 * <p>Requirements for the SQL function:
 *
 * <ul>
 *   <li><b>It must have no side effects</b>: it is called again for the same requests if a
 *       connection is lost, or if another request in the batch causes an error.
 *   <li><b>Its answers must not depend on the session</b> (role, row-level security, {@code
 *       search_path}, settings), because requests from several callers run in one caller's session.
 *   <li>It should not raise errors with the SQLSTATEs of lost connections (08, 57P, 25P03, 25P04),
 *       because calls that fail with these SQLSTATEs are retried.
 * </ul>
 *
 * <p>{@link #bind}, {@link #read} and {@link #matches} are called concurrently, on threads of the
 * callers and of the client, and should have no other effects. If one of them throws an exception,
 * only the calls that cause it fail, with {@link FunctionCallException.Code#SERVER_ERROR} and the
 * exception as the cause. An exception with an SQLSTATE is treated like an exception from the
 * server or the driver. A {@link VirtualMachineError} fails all calls in the batch.
 *
 * @param <Q> the arguments of one call; immutable, because they are kept until the call ends
 * @param <A> the result of one call, never null
 */
public interface BatchMapper<Q, A> {
  /**
   * Binds requests to the parameters of a statement. Each parameter is an array argument of the
   * function, and has one element per request.
   *
   * @param requests the requests, at least one; do not use the list after this method returns
   */
  void bind(PreparedStatement statement, List<Q> requests) throws SQLException;

  /**
   * Reads the answers in order. Map SQL NULL to a non-null value, for example an empty {@link
   * java.util.Optional}: a null answer fails the call with {@link
   * FunctionCallException.Code#RESPONSE_MISMATCH}. If the number of answers differs from the number
   * of requests, all calls in the batch fail with this code.
   */
  List<A> read(Array answers) throws SQLException;

  /**
   * Returns whether the answer can belong to the request; if not, the call fails with {@link
   * FunctionCallException.Code#RESPONSE_MISMATCH}, and the connection is closed. If an answer
   * contains a part of its request, compare that part. The client has already checked that the
   * result comes from this function, with one element per request.
   */
  boolean matches(Q request, A answer);

  /**
   * Returns the approximate size of a call's arguments in bytes, at least 0. The limits of batches
   * and of the queue apply to this size. A call with arguments of 16 KiB or more is sent in a
   * separate statement. This method is called on the caller's thread, which receives its
   * exceptions.
   */
  int sizeInBytes(Q request);
}
