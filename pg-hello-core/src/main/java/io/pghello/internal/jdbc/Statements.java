// SPDX-License-Identifier: MIT
package io.pghello.internal.jdbc;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.internal.Deadline;
import io.pghello.internal.Errors;
import io.pghello.internal.StatementContext;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Sends requests, and checks each answer against its request. */
public interface Statements<Q, A> {
  /** Returns what runs the statements. */
  StatementExecutor executor();

  /** Sends one, for a call that has not waited. */
  A one(Q request, Deadline deadline);

  /** Sends one. */
  A one(Q request, StatementContext context);

  /**
   * Sends several in one round trip, and returns an answer or a {@link PgHelloException} for each.
   */
  Object[] several(List<Q> requests, StatementContext context);

  /** Returns whether an error may be that of one request, so that others have answers. */
  boolean isOfOneRequest(PgHelloException error);

  /**
   * Sends all in one round trip, and returns an answer or a {@link PgHelloException} for each.
   * Where one request is refused, the others are answered, at the price of more round trips.
   */
  default Object[] send(List<Q> requests, StatementContext context) {
    int size = requests.size();
    try {
      return size == 1 ? new Object[] {one(requests.get(0), context)} : several(requests, context);
    } catch (PgHelloException e) {
      if (size > 1 && isOfOneRequest(e)) {
        int half = size / 2;
        Object[] outcomes = copyOf(send(requests.subList(0, half), context.of(half)), size);
        Object[] others = send(requests.subList(half, size), context.of(size - half));
        System.arraycopy(others, 0, outcomes, half, others.length);
        return interruption(outcomes).map(error -> failed(size, error)).orElse(outcomes);
      }
      return failed(size, e);
    } catch (RuntimeException | Error e) {
      // all calls of the batch wait for an outcome
      return failed(size, Errors.unexpected(e));
    }
  }

  /** Returns a copy that can hold errors, too; that of the driver holds answers alone. */
  static Object[] copyOf(Object[] outcomes, int length) {
    return Arrays.copyOf(outcomes, length, Object[].class);
  }

  /** The next leader sends an interrupted batch again. So the error is for all its calls. */
  private static Optional<PgHelloException> interruption(Object[] outcomes) {
    return Arrays.stream(outcomes)
        .filter(PgHelloException.class::isInstance)
        .map(PgHelloException.class::cast)
        .filter(error -> error.code() == Code.INTERRUPTED)
        .findFirst();
  }

  private static Object[] failed(int size, PgHelloException error) {
    var outcomes = new Object[size];
    Arrays.fill(outcomes, error);
    return outcomes;
  }
}
