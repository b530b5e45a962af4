// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.micrometer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.CallStatistics;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.micrometer.Meters;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records the metrics of a {@link BatchedFunction} in a Micrometer registry. Add it as a listener,
 * and bind the gauges.
 *
 * <pre>{@code
 * CallMetrics metrics = new CallMetrics(registry);
 * var function =
 *     BatchedFunction.builder(EXTENSION, "acme_distance_all", new Distances())
 *         .dataSource(dataSource)
 *         .listener(metrics)
 *         .build();
 * metrics.bindGauges(function);
 * }</pre>
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name</th><th>type</th><th>tags</th><th>records</th></tr>
 * <tr><td>{@code pg.extension.calls}</td><td>counter</td>
 *     <td>{@code function}, {@code outcome}</td><td>completed calls</td></tr>
 * <tr><td>{@code pg.extension.call}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td>{@code function}, {@code outcome}</td>
 *     <td>duration of calls, including their time in the queue</td></tr>
 * <tr><td>{@code pg.extension.call.wait}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td>{@code function}</td><td>time that calls spent in the queue, if they had to wait</td></tr>
 * <tr><td>{@code pg.extension.round.trip}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td>{@code kind}, {@code outcome}</td>
 *     <td>duration of statements, including borrowing a connection</td></tr>
 * <tr><td>{@code pg.extension.queue.wait}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td></td>
 *     <td>time that the oldest call of each statement spent in the queue, except for bulk calls</td></tr>
 * <tr><td>{@code pg.extension.batch.size}</td><td>distribution summary</td><td>{@code kind}</td>
 *     <td>number of calls per statement, or number of requests per statement of a bulk
 *     call</td></tr>
 * <tr><td>{@code pg.extension.retries}</td><td>counter</td><td></td>
 *     <td>retries after a lost connection</td></tr>
 * <tr><td>{@code pg.extension.queue.depth}</td><td>gauge</td><td></td><td>waiting calls</td></tr>
 * <tr><td>{@code pg.extension.statements.in.flight}</td><td>gauge</td><td></td>
 *     <td>statements in flight</td></tr>
 * </table>
 *
 * <p>The tag {@code kind} is {@code single}, {@code batch} or {@code bulk}. The tag {@code outcome}
 * is {@code SUCCESS} or the name of a {@link FunctionCallException.Code}. Tags never contain an
 * argument.
 *
 * <p>Thread-safe. Two functions without distinguishing tags share the meters that have no {@code
 * function} tag, and the gauges show only the first function.
 */
public final class CallMetrics implements CallListener {
  private final Meters meters;

  /** Registers the meters for statements, with the prefix {@code pg.extension}. */
  public CallMetrics(MeterRegistry registry) {
    this(registry, List.of());
  }

  /**
   * Registers the meters for statements, with the prefix {@code pg.extension}.
   *
   * @param tags additional tags for all meters, for example to distinguish two functions
   */
  public CallMetrics(MeterRegistry registry, Iterable<Tag> tags) {
    this(registry, "pg.extension", tags);
  }

  /**
   * Registers the meters for statements.
   *
   * @param prefix the prefix of the names of all meters, instead of {@code pg.extension}
   * @param tags additional tags for all meters, for example to distinguish two functions
   */
  public CallMetrics(MeterRegistry registry, String prefix, Iterable<Tag> tags) {
    this.meters = new Meters(registry, prefix, tags);
  }

  /**
   * Registers a counter of calls, with the initial value 0, for each outcome of a function.
   * Otherwise, a counter is registered when it is first incremented, and a monitoring system's rate
   * function ignores this increment.
   *
   * @param signature the signature of the function, e.g. {@code acme_length(text[])}
   */
  public void registerCounters(String signature) {
    meters.calls(signature, Meters.SUCCESS);
    for (Code code : Code.values()) {
      if (!code.isWarning()) {
        meters.calls(signature, code.name());
      }
    }
  }

  /** Adds the gauges of a client. The gauges hold a weak reference to the client. */
  public void bindGauges(CallStatistics client) {
    meters.bindGauges(client);
  }

  @Override
  public void callEnded(CallEnded event) {
    meters.callEnded(
        event.function(), outcome(event.error()), event.durationNanos(), event.queueNanos());
  }

  @Override
  public void statementEnded(StatementEnded event) {
    meters.statementEnded(
        event.kind(), outcome(event.error()), event.calls(), event.durationNanos());
    if (event.kind() != Kind.BULK) {
      meters.waited(event.oldestWaitNanos());
    }
  }

  @Override
  public void retrying(Retrying event) {
    meters.retrying();
  }

  static String outcome(@Nullable FunctionCallException error) {
    return error == null ? Meters.SUCCESS : error.code().name();
  }
}
