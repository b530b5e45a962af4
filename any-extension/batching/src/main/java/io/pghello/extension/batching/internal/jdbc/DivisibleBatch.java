// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.StatementContext;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;

/**
 * Sends a batch, and if it fails, sends it again in smaller and smaller parts, until each request
 * has an outcome. Larger parts are sent first, so that requests that terminate their session are
 * sent last.
 */
public final class DivisibleBatch<Q extends Request> {
  private final Statements<Q, ?> statements;
  private final List<Q> requests;
  private final StatementContext context;
  private final Object[] outcomes;
  private final Queue<Part> parts = new ArrayDeque<>();
  private int failures;
  private boolean hasAnswers;

  private DivisibleBatch(Statements<Q, ?> statements, List<Q> requests, StatementContext context) {
    this.statements = statements;
    this.requests = requests;
    this.context = context;
    this.outcomes = new Object[requests.size()];
  }

  /**
   * Sends all requests, in one round trip if possible, and returns an answer or a {@link
   * FunctionCallException} for each. If the batch exceeds the driver's limit, or the server rejects
   * one request, requests are sent again in smaller parts, in additional round trips.
   */
  public static <Q extends Request> Object[] send(
      Statements<Q, ?> statements, List<Q> requests, StatementContext context) {
    if (statements.executor().exceedsDriverLimit(requests)) {
      var tooLarge = new DivisibleBatch<>(statements, requests, context);
      tooLarge.divide(tooLarge.whole());
      return tooLarge.sendParts();
    }
    FunctionCallException error;
    try {
      return statements.several(requests, context);
    } catch (FunctionCallException e) {
      error = e;
    } catch (RuntimeException | Error e) {
      // every call of the batch needs an outcome
      error = Errors.unexpected(e);
    }
    return resume(statements, requests, context, error);
  }

  /** Sends requests again, in parts, after the statement with all of them has failed. */
  public static <Q extends Request> Object[] resume(
      Statements<Q, ?> statements,
      List<Q> requests,
      StatementContext context,
      FunctionCallException error) {
    var failed = new DivisibleBatch<>(statements, requests, context);
    failed.handle(error, failed.whole());
    return failed.sendParts();
  }

  private Part whole() {
    return new Part(0, outcomes.length);
  }

  private Object[] sendParts() {
    Part part;
    while ((part = parts.poll()) != null) {
      if (statements.executor().exceedsDriverLimit(requestsOf(part))) {
        divide(part);
        continue;
      }
      try {
        Object[] answers = send(part);
        System.arraycopy(answers, 0, outcomes, part.from, answers.length);
        hasAnswers = true;
      } catch (FunctionCallException e) {
        handle(e, part);
      } catch (RuntimeException | Error e) {
        handle(Errors.unexpected(e), part);
      }
    }
    return outcomes;
  }

  private Object[] send(Part part) {
    Deadline deadline = context.deadline();
    if (deadline.isOver()) {
      throw statements.executor().timedOut(deadline.timeout());
    }
    return statements.several(requestsOf(part), context.of(part.size()));
  }

  /** Divides a failed part, or sets the outcomes of its requests. */
  private void handle(FunctionCallException error, Part part) {
    failures++;
    boolean exceedsLimit = SqlErrors.isDriverLimit(error);
    if (exceedsLimit) {
      statements.executor().noteDriverLimit(requestsOf(part));
    }
    if (error.code() == Code.INTERRUPTED) {
      // no part is sent again here, because the next leader sends the whole batch again
      parts.clear();
      Arrays.fill(outcomes, error);
    } else if (!(exceedsLimit ? part.size() > 1 : mayRepeat(error, part))) {
      Arrays.fill(
          outcomes, part.from, part.to, part.size() == 1 ? error : statements.shared(error));
    } else if (part.size() == 1) {
      parts.add(part);
    } else {
      divide(part);
    }
  }

  private void divide(Part part) {
    int middle = (part.from + part.to) >>> 1;
    parts.add(new Part(part.from, middle));
    parts.add(new Part(middle, part.to));
  }

  private List<Q> requestsOf(Part part) {
    return requests.subList(part.from, part.to);
  }

  /**
   * Returns whether to send a part again, in halves if it has several requests. A single request is
   * retried after a lost connection if no other request has succeeded.
   */
  private boolean mayRepeat(FunctionCallException error, Part part) {
    boolean lost = error.code() == Code.CONNECTION_LOST;
    return statements.isOfOneRequest(error, failures)
        && (part.size() > 1 || (lost && !hasAnswers))
        && (!lost || statements.executor().prepareRetry(error, failures, context.deadline()));
  }

  /** The requests with indexes from {@code from} (inclusive) to {@code to} (exclusive). */
  private record Part(int from, int to) {
    int size() {
      return to - from;
    }
  }
}
