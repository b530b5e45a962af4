// SPDX-License-Identifier: MIT
package io.pghello.micrometer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.pghello.PgHelloClient;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.micrometer.CallMetrics;
import java.util.List;

/**
 * Creates listeners that record the metrics of a client in a Micrometer registry. Pass a listener
 * to the client's builder, and bind its gauges to the client.
 *
 * <pre>{@code
 * CallMetrics metrics = PgHelloMetrics.create(registry);
 * PgHelloClient client = PgHelloClient.builder().dataSource(dataSource).listener(metrics).build();
 * metrics.bindGauges(client);
 * }</pre>
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name</th><th>type</th><th>tags</th><th>records</th></tr>
 * <tr><td>{@code pg.hello.calls}</td><td>counter</td><td>{@code function}, {@code outcome}</td>
 *     <td>completed calls</td></tr>
 * <tr><td>{@code pg.hello.call}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td>{@code function}, {@code outcome}</td>
 *     <td>duration of calls, including waiting</td></tr>
 * <tr><td>{@code pg.hello.call.wait}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td>{@code function}</td>
 *     <td>time that calls waited before their statements started, if they had to wait</td></tr>
 * <tr><td>{@code pg.hello.round.trip}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td>{@code kind}, {@code outcome}</td>
 *     <td>duration of statements, including borrowing a connection</td></tr>
 * <tr><td>{@code pg.hello.queue.wait}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td></td><td>time that the oldest call of each statement waited, except for bulk
 *     calls</td></tr>
 * <tr><td>{@code pg.hello.batch.size}</td><td>distribution summary</td><td>{@code kind}</td>
 *     <td>number of calls per statement, or number of names per statement of a bulk call</td></tr>
 * <tr><td>{@code pg.hello.retries}</td><td>counter</td><td></td>
 *     <td>retries after a lost connection</td></tr>
 * <tr><td>{@code pg.hello.queue.depth}</td><td>gauge</td><td></td><td>waiting calls</td></tr>
 * <tr><td>{@code pg.hello.statements.in.flight}</td><td>gauge</td><td></td>
 *     <td>running statements</td></tr>
 * </table>
 *
 * <p>The tag {@code kind} is {@code single}, {@code batch} or {@code bulk}. The tag {@code outcome}
 * is {@code SUCCESS} or the name of a {@link FunctionCallException.Code}; the counters for all
 * codes, except warnings, are registered immediately. Tags never contain a greeted name.
 *
 * <p>Each call increments one counter and records one timer, or two timers if it had to wait. All
 * other metrics are recorded per statement.
 *
 * <p>The listeners are thread-safe. If two clients have no distinguishing tags, they share the
 * meters, and the gauges show only the first client.
 */
public final class PgHelloMetrics {
  private PgHelloMetrics() {}

  /**
   * Creates a listener and its meters for statements. Also creates a counter of calls, with the
   * initial value 0, for each function and outcome.
   *
   * @param registry the registry for the meters
   */
  public static CallMetrics create(MeterRegistry registry) {
    return create(registry, List.of());
  }

  /**
   * Creates a listener and its meters for statements. Also creates a counter of calls, with the
   * initial value 0, for each function and outcome.
   *
   * @param registry the registry for the meters
   * @param tags additional tags for all meters, for example to distinguish two clients
   */
  public static CallMetrics create(MeterRegistry registry, Iterable<Tag> tags) {
    var metrics = new CallMetrics(registry, "pg.hello", tags);
    for (ExtensionFunction function : PgHelloClient.extension().functions()) {
      metrics.registerCounters(function.signature());
    }
    return metrics;
  }
}
