// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.StatementContext;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

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
   * Starts to send requests without blocking, if the executor has an event loop and this is
   * possible now.
   *
   * @param outcome accepts, on the event loop or the thread that checks timeouts: the answers to
   *     all requests; the error of the statement; or nothing, if the requests have to be sent again
   *     with {@link #several}
   * @return false if nothing was sent
   */
  default boolean start(
      List<Q> requests,
      StatementContext context,
      BiConsumer<Object @Nullable [], @Nullable FunctionCallException> outcome) {
    return false;
  }

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
}
