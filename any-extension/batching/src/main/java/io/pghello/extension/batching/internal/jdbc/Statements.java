// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.StatementContext;
import java.util.Arrays;
import java.util.List;

/** Sends requests, and checks each answer against its request. */
public interface Statements<Q extends Request, A> {
  /** Returns the executor that runs the statements. */
  StatementExecutor executor();

  /** Sends one request. */
  A one(Q request, StatementContext context);

  /**
   * Sends one or more requests in one round trip, and returns an answer or a {@link
   * FunctionCallException} for each.
   */
  Object[] several(List<Q> requests, StatementContext context);

  /**
   * Returns whether a single request may have caused the error of a batch. If so, the batch is sent
   * again in parts.
   *
   * @param failures the number of failed statements of the batch, including the current one
   */
  boolean isOfOneRequest(FunctionCallException error, int failures);

  /**
   * Returns the error to report for several requests, without any data that belongs to a single
   * request.
   */
  FunctionCallException shared(FunctionCallException error);

  /**
   * Sends all requests, in one round trip if possible, and returns an answer or a {@link
   * FunctionCallException} for each. If the batch exceeds the driver's limit, or the server rejects
   * one request, requests are sent again in smaller parts, in additional round trips.
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
      // every call of the batch needs an outcome
      error = Errors.unexpected(e);
    }
    return new FailedBatch<>(this, requests, context).sendAgain(error);
  }

  /** Returns a copy that, unlike the driver's array, can also contain errors. */
  static Object[] copyOf(Object[] outcomes, int length) {
    return Arrays.copyOf(outcomes, length, Object[].class);
  }
}
