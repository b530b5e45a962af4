// SPDX-License-Identifier: MIT
package io.pghello.micrometer;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.pghello.PgHelloClient;
import io.pghello.PgHelloException;
import io.pghello.PgHelloListener;
import io.pghello.internal.Function;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
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
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(1), Duration.ofMillis(10), Duration.ofMillis(100)
  };

  private final MeterRegistry registry;
  private final Tags tags;
  private final ConcurrentMap<String, CallMeters> succeeded = new ConcurrentHashMap<>();
  private final Map<Kind, Timer> roundTrips = new EnumMap<>(Kind.class);
  private final Map<Kind, DistributionSummary> sizes = new EnumMap<>(Kind.class);
  private final Timer queueWait;
  private final Counter retries;

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
    this.registry = Objects.requireNonNull(registry, "registry");
    this.tags = Tags.of(tags);
    for (Kind kind : Kind.values()) {
      roundTrips.put(kind, roundTrip(kind, Outcome.SUCCESS));
      sizes.put(
          kind,
          DistributionSummary.builder("pg.hello.batch.size")
              .description("Calls, or names of a bulk call, of a statement")
              .baseUnit("calls")
              .tags(this.tags)
              .tag("kind", name(kind))
              .register(registry));
    }
    // what a counter has when it is first read is in no rate
    for (Function function : Function.values()) {
      calls(function.signature(), Outcome.SUCCESS);
      Stream.of(PgHelloException.Code.values())
          .filter(code -> !code.isWarning())
          .forEach(code -> calls(function.signature(), code.name()));
    }
    queueWait =
        Timer.builder("pg.hello.queue.wait")
            .description("How long the oldest call of a statement waited before it")
            .tags(this.tags)
            .serviceLevelObjectives(BUCKETS)
            .register(registry);
    retries =
        Counter.builder("pg.hello.retries")
            .description("Statements made again after a lost connection")
            .tags(this.tags)
            .register(registry);
  }

  /**
   * Adds the gauges, which ask the client when they are read, and keep it from nothing: they hold
   * it weakly.
   *
   * @param client the one that this listens to
   */
  public void bindGauges(PgHelloClient client) {
    Gauge.builder("pg.hello.queue.depth", client, PgHelloClient::queuedCalls)
        .description("Calls that wait for a place among those in flight")
        .baseUnit("calls")
        .tags(tags)
        .register(registry);
    Gauge.builder("pg.hello.statements.in.flight", client, PgHelloClient::inFlightStatements)
        .description("Statements that are in flight, or wait for a connection")
        .baseUnit("statements")
        .tags(tags)
        .register(registry);
  }

  @Override
  public void callEnded(CallEnded event) {
    PgHelloException error = event.error();
    CallMeters meters =
        error == null
            ? succeeded.computeIfAbsent(
                event.function(), function -> callMeters(function, Outcome.SUCCESS))
            : callMeters(event.function(), Outcome.of(error));
    meters.count.increment();
    meters.time.record(event.nanos(), TimeUnit.NANOSECONDS);
    long waited = event.waitedNanos();
    if (waited > 0) {
      meters.waiting.record(waited, TimeUnit.NANOSECONDS);
    }
  }

  /** The meters that a call is recorded in. */
  private record CallMeters(Counter count, Timer time, Timer waiting) {}

  private CallMeters callMeters(String function, String outcome) {
    return new CallMeters(
        calls(function, outcome),
        Timer.builder("pg.hello.call")
            .description("How long calls took, with waiting for others")
            .tags(tags)
            .tag("function", function)
            .tag("outcome", outcome)
            .serviceLevelObjectives(BUCKETS)
            .register(registry),
        Timer.builder("pg.hello.call.wait")
            .description("How long calls waited for others, those that had to")
            .tags(tags)
            .tag("function", function)
            .serviceLevelObjectives(BUCKETS)
            .register(registry));
  }

  @Override
  public void statementEnded(StatementEnded event) {
    PgHelloException error = event.error();
    Kind kind = event.kind();
    Timer roundTrip = error == null ? roundTrips.get(kind) : roundTrip(kind, Outcome.of(error));
    Objects.requireNonNull(roundTrip).record(event.nanos(), TimeUnit.NANOSECONDS);
    Objects.requireNonNull(sizes.get(kind)).record(event.calls());
    if (kind != Kind.BULK) {
      queueWait.record(event.oldestWaitNanos(), TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void retrying(Retrying event) {
    retries.increment();
  }

  private Counter calls(String function, String outcome) {
    return Counter.builder("pg.hello.calls")
        .description("Calls that have ended")
        .tags(tags)
        .tag("function", function)
        .tag("outcome", outcome)
        .register(registry);
  }

  private Timer roundTrip(Kind kind, String outcome) {
    return Timer.builder("pg.hello.round.trip")
        .description("How long statements took, with getting a connection")
        .tags(tags)
        .tag("kind", name(kind))
        .tag("outcome", outcome)
        .serviceLevelObjectives(BUCKETS)
        .register(registry);
  }

  private static String name(Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }
}
