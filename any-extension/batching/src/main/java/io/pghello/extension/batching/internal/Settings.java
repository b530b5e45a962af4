// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.batching.CallListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** The settings of a client. The client's builder documents them. */
public record Settings(Statements statements, Batches batches, Queue queue, Futures futures) {
  /** A listener that ignores all events. */
  public static final CallListener NO_LISTENER = new CallListener() {};

  /**
   * Settings for all statements.
   *
   * @param schema the extension's schema, quoted if necessary; null to look it up
   * @param routesCalls whether different calls may use connections to different databases
   */
  public record Statements(
      @Nullable String schema,
      boolean routesCalls,
      Duration callTimeout,
      boolean retryOnConnectionLoss,
      CallListener listener) {
    /** Returns whether there is a listener. */
    public boolean listens() {
      return !listener.equals(NO_LISTENER);
    }
  }

  /**
   * Settings for batched calls.
   *
   * @param batching whether calls are batched
   */
  public record Batches(boolean batching, int maxCalls, int maxBytes, int maxInFlight) {
    /** Returns the requests of the next batch of a bulk call. */
    public <Q extends Request> List<Q> next(Iterator<Q> requests) {
      var batch = new ArrayList<Q>();
      long bytes = 0;
      while (requests.hasNext() && batch.size() < maxCalls && bytes < maxBytes) {
        Q request = requests.next();
        batch.add(request);
        bytes += request.bytes();
      }
      return batch;
    }
  }

  /**
   * Settings for the queues of waiting calls: the queue of batched calls, and the queue of other
   * asynchronous calls.
   */
  public record Queue(int maxCalls, int maxBytes, boolean blockWhenFull) {}

  /**
   * Settings for asynchronous calls that are not batched.
   *
   * @param executor the executor that runs these calls; null for the client's own threads
   * @param threadPrefix the prefix of the names of the client's own threads
   */
  public record Futures(int maxInFlight, @Nullable Executor executor, String threadPrefix) {}

  /** Returns whether there is a listener. */
  public boolean listens() {
    return statements.listens();
  }

  /** Returns a description of the settings for log messages. */
  public String describe(Duration callTimeout) {
    return (statements.schema() == null ? "" : "schema " + statements.schema() + ", ")
        + "timeout "
        + callTimeout.toMillis()
        + " ms, "
        + (batches.batching()
            ? "batching " + batches.maxInFlight() + " x " + batches.maxCalls()
            : "not batching");
  }
}
