// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.StatementContext;
import java.util.Arrays;
import java.util.List;

/** Sends requests, and checks each answer against its request. */
public interface Statements<Q extends Request, A> {
  /** Returns what runs the statements. */
  StatementExecutor executor();

  /** Sends one, for a call that has not waited. */
  A one(Q request, Deadline deadline);

  /** Sends one. */
  A one(Q request, StatementContext context);

  /**
   * Sends one or more in one round trip, and returns an answer or a {@link FunctionCallException}
   * for each.
   */
  Object[] several(List<Q> requests, StatementContext context);

  /**
   * Returns whether a single request may have caused the error of a batch, so that the batch is
   * sent again in parts.
   *
   * @param failures how many statements of the batch have failed, this one included
   */
  boolean isOfOneRequest(FunctionCallException error, int failures);

  /** Returns the error that several requests get, without anything that one of them may have. */
  FunctionCallException shared(FunctionCallException error);

  /**
   * Sends all requests in one round trip, and returns an answer or a {@link FunctionCallException}
   * for each. If the server refuses one request, or the driver the answer to all, the others are
   * answered with more round trips.
   */
  default Object[] send(List<Q> requests, StatementContext context) {
    if (executor().exceedsDriverLimit(requests)) {
      return new FailedBatch<>(this, requests, context).sendInHalves();
    }
    FunctionCallException error;
    try {
      return several(requests, context);
    } catch (FunctionCallException e) {
      error = e;
    } catch (RuntimeException | Error e) {
      // all calls of the batch wait for an outcome
      error = Errors.unexpected(e);
    }
    return new FailedBatch<>(this, requests, context).sendAgain(error);
  }

  /** Returns a copy that can also contain errors, unlike the driver's array. */
  static Object[] copyOf(Object[] outcomes, int length) {
    return Arrays.copyOf(outcomes, length, Object[].class);
  }
}
