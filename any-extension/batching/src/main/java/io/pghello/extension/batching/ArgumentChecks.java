// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Translates server errors about arguments, for a client that checks arguments before it sends
 * them. Pass it to {@link ClientDefinition#checks} if {@link BatchMapper#sizeInBytes} rejects every
 * argument that the server could reject for a reason other than those described here.
 *
 * <p>With checks:
 *
 * <ul>
 *   <li>The errors of a {@link BatchedFunction} never contain an argument: they have neither the
 *       server's messages about data (SQLSTATE class 22) nor its exceptions as causes.
 *   <li>{@link BatchedFunction#callAll} reports the index of the rejected argument.
 *   <li>A batch with a rejected argument is sent again in parts only if {@link #problem} returns a
 *       problem.
 *   <li>A batch is retried as a whole after a lost connection.
 * </ul>
 *
 * <p>Implementations must be thread-safe.
 *
 * @param <Q> the arguments of a call
 */
public interface ArgumentChecks<Q> {
  /**
   * Returns the problem with an argument that the server rejected, with the code {@link
   * FunctionCallException.Code#INVALID_ARGUMENT} or {@link
   * FunctionCallException.Code#RESULT_TOO_LARGE}.
   *
   * @param sqlState the server's error code
   * @param serverEncoding the encoding of the database; null if unknown
   * @return the problem; null if the error is not about an argument
   */
  @Nullable CallProblem problem(String sqlState, @Nullable String serverEncoding);

  /**
   * Returns a check of requests that needs the encoding of the database. If several requests are
   * sent in one statement, requests that fail the check are left out, so that they do not fail the
   * others.
   *
   * @param serverEncoding the encoding of the database; null if unknown
   * @return a function that returns the problem with a request, or null if there is none; null (the
   *     default) if there is nothing to check
   */
  default @Nullable Function<Q, @Nullable CallProblem> encodingCheck(
      @Nullable String serverEncoding) {
    return null;
  }

  /**
   * Returns the problem with a request if its answer does not match because the server has changed
   * the argument.
   *
   * @param serverEncoding the encoding of the database; null if unknown
   * @return the problem; null (the default) if the answer belongs to another request
   */
  default @Nullable CallProblem mismatchProblem(Q request, @Nullable String serverEncoding) {
    return null;
  }

  /**
   * Adds the index of a request to its problem, for calls with many requests. By default, returns
   * the problem unchanged.
   */
  default CallProblem withIndex(CallProblem problem, long index) {
    return problem;
  }

  /** Returns a remedy (a single clause) for calls through a driver that parses SQL itself. */
  default String remedyBehindSqlParser() {
    return "functions with array parameters do not work.";
  }
}
