// SPDX-License-Identifier: MIT
package io.pghello.micrometer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.pghello.PgHelloClient;
import io.pghello.PgHelloException;
import io.pghello.PgHelloListener;
import io.pghello.extension.batching.internal.micrometer.Meters;
import io.pghello.internal.Function;
import java.util.List;
import java.util.stream.Stream;

/**
 * Keeps a client's metrics in a registry of Micrometer.
 *
 * <pre>{@code
 * PgHelloMetrics metrics = new PgHelloMetrics(registry);
 * PgHelloClient client = PgHelloClient.builder().dataSource(dataSource).listener(metrics).build();
 * metrics.bindGauges(client);
 * }</pre>
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name</th><th>type</th><th>tags</th><th>of</th></tr>
 * <tr><td>{@code pg.hello.calls}</td><td>counter</td><td>{@code function}, {@code outcome}</td>
 *     <td>calls that have ended</td></tr>
 * <tr><td>{@code pg.hello.call}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td>{@code function}, {@code outcome}</td>
 *     <td>calls, from the program's call to its answer, with waiting</td></tr>
 * <tr><td>{@code pg.hello.call.wait}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td>{@code function}</td>
 *     <td>calls that had to wait: how long, before a statement was made for them</td></tr>
 * <tr><td>{@code pg.hello.round.trip}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td>{@code kind}, {@code outcome}</td>
 *     <td>statements, with the time to get a connection</td></tr>
 * <tr><td>{@code pg.hello.queue.wait}</td><td>timer, with buckets at 1, 10 and 100 ms</td>
 *     <td></td><td>the oldest call of each statement: how long it waited before</td></tr>
 * <tr><td>{@code pg.hello.batch.size}</td><td>distribution summary</td><td>{@code kind}</td>
 *     <td>calls, or names of a bulk call, of each statement</td></tr>
 * <tr><td>{@code pg.hello.retries}</td><td>counter</td><td></td>
 *     <td>statements made again after a lost connection</td></tr>
 * <tr><td>{@code pg.hello.queue.depth}</td><td>gauge</td><td></td><td>calls that wait now</td></tr>
 * <tr><td>{@code pg.hello.statements.in.flight}</td><td>gauge</td><td></td>
 *     <td>statements in flight now</td></tr>
 * </table>
 *
 * <p>{@code kind} is {@code single}, {@code batch} or {@code bulk}; {@code outcome} is {@code
 * SUCCESS} or the name of a {@link PgHelloException.Code}; the counters of all of them are there
 * from the start. A name that is greeted is in no tag. A call costs one increment of a counter, a
 * record in a timer, and another one if it had to wait; everything else is kept for each statement.
 * Two clients add up in the same meters, but for the gauges, which show the first, unless tags tell
 * them apart.
 *
 * <p>Thread-safe.
 */
public final class PgHelloMetrics implements PgHelloListener {
  private final Meters<Kind> meters;

  /**
   * Creates the meters of a client's statements, and a counter of calls for each function and
   * outcome, so that they are there, at 0, before the first.
   *
   * @param registry where they are kept
   */
  public PgHelloMetrics(MeterRegistry registry) {
    this(registry, List.of());
  }

  /**
   * Creates the meters of a client's statements, and a counter of calls for each function and
   * outcome, so that they are there, at 0, before the first.
   *
   * @param registry where they are kept
   * @param tags what all of them have besides their own, as to tell two clients apart
   */
  public PgHelloMetrics(MeterRegistry registry, Iterable<Tag> tags) {
    this.meters = new Meters<>(registry, "pg.hello", tags, Kind.class);
    // what a counter has when it is first read is in no rate
    for (Function function : Function.values()) {
      meters.calls(function.signature(), Meters.SUCCESS);
      Stream.of(PgHelloException.Code.values())
          .filter(code -> !code.isWarning())
          .forEach(code -> meters.calls(function.signature(), code.name()));
    }
  }

  /**
   * Adds the gauges, which ask the client when they are read, and keep it from nothing: they hold
   * it weakly.
   *
   * @param client the one that this listens to
   */
  public void bindGauges(PgHelloClient client) {
    meters.bindGauges(client, PgHelloClient::queuedCalls, PgHelloClient::inFlightStatements);
  }

  @Override
  public void callEnded(CallEnded event) {
    meters.callEnded(
        event.function(), Outcome.of(event.error()), event.nanos(), event.waitedNanos());
  }

  @Override
  public void statementEnded(StatementEnded event) {
    meters.statementEnded(event.kind(), Outcome.of(event.error()), event.calls(), event.nanos());
    if (event.kind() != Kind.BULK) {
      meters.waited(event.oldestWaitNanos());
    }
  }

  @Override
  public void retrying(Retrying event) {
    meters.retrying();
  }
}
