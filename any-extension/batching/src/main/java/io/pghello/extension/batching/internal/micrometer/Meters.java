// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.micrometer;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.pghello.extension.batching.CallListener.Kind;
import io.pghello.extension.batching.CallStatistics;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;

/** The meters of a client's calls and statements. */
public final class Meters {
  public static final String SUCCESS = "SUCCESS";

  private static final Duration[] BUCKETS = {
    Duration.ofMillis(1), Duration.ofMillis(10), Duration.ofMillis(100)
  };

  private final MeterRegistry registry;
  private final String prefix;
  private final Tags tags;
  private final ConcurrentMap<String, CallMeters> succeeded = new ConcurrentHashMap<>();
  private final Map<Kind, Timer> roundTrips;
  private final Map<Kind, DistributionSummary> sizes;
  private final Timer queueWait;
  private final Counter retries;

  /**
   * Creates the meters for statements.
   *
   * @param prefix the prefix of all names, e.g. {@code pg.extension}
   * @param tags additional tags for all meters
   */
  public Meters(MeterRegistry registry, String prefix, Iterable<Tag> tags) {
    this.registry = Objects.requireNonNull(registry, "registry");
    this.prefix = Objects.requireNonNull(prefix, "prefix");
    this.tags = Tags.of(tags);
    this.roundTrips = new EnumMap<>(Kind.class);
    this.sizes = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      roundTrips.put(kind, roundTrip(kind, SUCCESS));
      sizes.put(
          kind,
          DistributionSummary.builder(prefix + ".batch.size")
              .description("Calls per statement, or requests per statement of a bulk call")
              .baseUnit("calls")
              .tags(this.tags)
              .tag("kind", name(kind))
              .register(registry));
    }
    queueWait =
        Timer.builder(prefix + ".queue.wait")
            .description(
                "Time that the oldest call of each statement waited before the statement started")
            .tags(this.tags)
            .serviceLevelObjectives(BUCKETS)
            .register(registry);
    retries =
        Counter.builder(prefix + ".retries")
            .description("Statements that were retried after a lost connection")
            .tags(this.tags)
            .register(registry);
  }

  /** Adds the gauges, which hold a weak reference to the client. */
  public void bindGauges(CallStatistics client) {
    Gauge.builder(prefix + ".queue.depth", client, CallStatistics::queuedCalls)
        .description("Calls that are waiting for a statement")
        .baseUnit("calls")
        .tags(tags)
        .register(registry);
    Gauge.builder(prefix + ".statements.in.flight", client, CallStatistics::inFlightStatements)
        .description("Statements that are in flight or waiting for a connection")
        .baseUnit("statements")
        .tags(tags)
        .register(registry);
  }

  /** Records the end of a call. */
  public void callEnded(String function, String outcome, long nanos, long queueNanos) {
    CallMeters meters =
        outcome.equals(SUCCESS)
            ? succeeded.computeIfAbsent(function, name -> callMeters(name, SUCCESS))
            : callMeters(function, outcome);
    meters.count.increment();
    meters.time.record(nanos, TimeUnit.NANOSECONDS);
    if (queueNanos > 0) {
      meters.waiting.record(queueNanos, TimeUnit.NANOSECONDS);
    }
  }

  /**
   * Records the end of a statement.
   *
   * @param calls the number of calls in the statement
   */
  public void statementEnded(Kind kind, String outcome, int calls, long nanos) {
    Timer roundTrip = outcome.equals(SUCCESS) ? roundTrips.get(kind) : roundTrip(kind, outcome);
    Objects.requireNonNull(roundTrip).record(nanos, TimeUnit.NANOSECONDS);
    Objects.requireNonNull(sizes.get(kind)).record(calls);
  }

  /** Records how long the oldest call of a statement waited. */
  public void waited(long nanos) {
    queueWait.record(nanos, TimeUnit.NANOSECONDS);
  }

  /** Records a retry of a statement. */
  public void retrying() {
    retries.increment();
  }

  /** Returns the counter of calls. If it does not exist, creates it with the value 0. */
  public Counter calls(String function, String outcome) {
    return Counter.builder(prefix + ".calls")
        .description("Calls that have ended")
        .tags(tags)
        .tag("function", function)
        .tag("outcome", outcome)
        .register(registry);
  }

  /** The meters in which a call is recorded. */
  private record CallMeters(Counter count, Timer time, Timer waiting) {}

  private CallMeters callMeters(String function, String outcome) {
    return new CallMeters(
        calls(function, outcome),
        Timer.builder(prefix + ".call")
            .description("Duration of calls, including waiting")
            .tags(tags)
            .tag("function", function)
            .tag("outcome", outcome)
            .serviceLevelObjectives(BUCKETS)
            .register(registry),
        Timer.builder(prefix + ".call.wait")
            .description(
                "Time that calls waited before their statements started, if they had to wait")
            .tags(tags)
            .tag("function", function)
            .serviceLevelObjectives(BUCKETS)
            .register(registry));
  }

  private Timer roundTrip(Kind kind, String outcome) {
    return Timer.builder(prefix + ".round.trip")
        .description("Duration of statements, including borrowing a connection")
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
