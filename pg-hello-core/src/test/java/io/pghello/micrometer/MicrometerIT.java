// SPDX-License-Identifier: MIT
package io.pghello.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.pghello.PgHelloClient;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.ds.PGSimpleDataSource;

@PgHelloTest
class MicrometerIT {
  // the common pool may have only one thread
  private static final Executor THREADS = task -> new Thread(task).start();

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ObservationRegistry observations = ObservationRegistry.create();
  private final List<Observation.Context> stopped = new ArrayList<>();

  @Test
  void countsCallsAndStatements(DataSource dataSource) {
    try (PgHelloClient client = metered(dataSource)) {
      client.hello("Ada");
      client.hello("Ada");
      client.hello("Ada", 2);
      client.helloAll(List.of("Ada", "Zoë", "Bob"));
      client.nowMillis();
    }
    assertThat(calls("pg_hello(text)", "SUCCESS")).isEqualTo(2);
    assertThat(calls("pg_hello(text,integer)", "SUCCESS")).isEqualTo(1);
    assertThat(calls("pg_hello_all(text[],integer[])", "SUCCESS")).isEqualTo(1);
    assertThat(calls("now_ms()", "SUCCESS")).isEqualTo(1);
    assertThat(roundTrips("single", "SUCCESS")).isEqualTo(4);
    assertThat(roundTrips("bulk", "SUCCESS")).isEqualTo(1);
    assertThat(registry.get("pg.hello.batch.size").tag("kind", "bulk").summary().totalAmount())
        .isEqualTo(3);
    assertThat(registry.get("pg.hello.queue.wait").timer().count()).isEqualTo(4);
  }

  /**
   * The slowest call takes longer than any statement. The events and the metrics distinguish its
   * waiting time from the round trip.
   */
  @Test
  @Timeout(120)
  void measuresQueueTimeAndRoundTripSeparately(DataSource dataSource, WireProxy proxy) {
    var ended = new ConcurrentLinkedQueue<CallListener.CallEnded>();
    try (PgHelloClient client =
        PgHelloClient.builder()
            .dataSource(dataSource)
            .maxInFlightBatches(1)
            .listener(PgHelloMetrics.create(registry))
            .listener(
                new CallListener() {
                  @Override
                  public void callEnded(CallEnded event) {
                    ended.add(event);
                  }
                })
            .build()) {
      client.hello("Ada");
      assertThat(ended.remove().queueNanos()).isZero();
      proxy.pause();
      CompletableFuture<String> blocking =
          CompletableFuture.supplyAsync(() -> client.hello("first"), THREADS);
      while (client.inFlightStatements() == 0) {
        Thread.onSpinWait();
      }
      List<CompletableFuture<String>> waiting =
          List.of(
              client.helloAsync("future"),
              CompletableFuture.supplyAsync(() -> client.hello("Bob"), THREADS));
      while (client.queuedCalls() < 2) {
        Thread.onSpinWait();
      }
      long queued = System.nanoTime();
      while (System.nanoTime() - queued < 20_000_000) {
        Thread.onSpinWait();
      }
      proxy.resume();
      blocking.join();
      waiting.forEach(CompletableFuture::join);
    }
    assertThat(ended)
        .hasSize(3)
        .allSatisfy(call -> assertThat(call.durationNanos()).isGreaterThan(20_000_000));
    assertThat(ended)
        .filteredOn(call -> call.queueNanos() > 0)
        .hasSize(2)
        .allSatisfy(
            call ->
                assertThat(call.queueNanos())
                    .isGreaterThan(20_000_000)
                    .isLessThan(call.durationNanos()));
    assertThat(registry.get("pg.hello.call").tag("outcome", "SUCCESS").timer().count())
        .isEqualTo(4);
    assertThat(registry.get("pg.hello.call.wait").timer().count()).isEqualTo(2);
  }

  @Test
  void countsFailuresByCode(TestDatabase database) throws SQLException {
    PGSimpleDataSource nowhere = database.dataSource().unwrap(PGSimpleDataSource.class);
    nowhere.setPortNumbers(new int[] {1});
    try (PgHelloClient client = metered(nowhere)) {
      assertThatThrownBy(() -> client.hello("Ada")).isInstanceOf(FunctionCallException.class);
    }
    assertThat(calls("pg_hello(text)", "CONNECTION_UNAVAILABLE")).isEqualTo(1);
    assertThat(roundTrips("single", "CONNECTION_UNAVAILABLE")).isEqualTo(1);
    assertThat(
            registry.get("pg.hello.call").tag("outcome", "CONNECTION_UNAVAILABLE").timer().count())
        .isEqualTo(1);
  }

  @Test
  void hasTheMetersBeforeTheFirstCall(DataSource dataSource) {
    try (PgHelloClient client = metered(dataSource)) {
      assertThat(client).isNotNull();
      assertThat(registry.getMeters())
          .extracting(meter -> meter.getId().getName())
          .contains(
              "pg.hello.round.trip",
              "pg.hello.queue.wait",
              "pg.hello.batch.size",
              "pg.hello.retries",
              "pg.hello.queue.depth",
              "pg.hello.statements.in.flight");
    }
  }

  /**
   * Otherwise, failures that happen before Prometheus first scrapes their counter would not be part
   * of a rate.
   */
  @Test
  void countsEachOutcomeOfEachFunctionFromTheStart() {
    PgHelloMetrics.create(registry, Tags.of("client", "first"));
    List<FunctionCallException.Code> codes =
        Stream.of(FunctionCallException.Code.values()).filter(code -> !code.isWarning()).toList();
    for (ExtensionFunction function : PgHelloClient.extension().functions()) {
      assertThat(calls(function.signature(), "SUCCESS")).isZero();
      for (FunctionCallException.Code code : codes) {
        assertThat(calls(function.signature(), code.name())).isZero();
      }
    }
    assertThat(registry.get("pg.hello.calls").tag("client", "first").counters())
        .hasSize(PgHelloClient.extension().functions().size() * (1 + codes.size()));
  }

  @Test
  void hasBucketsAtOneTenAndAHundredMilliseconds(DataSource dataSource) {
    try (PgHelloClient client = metered(dataSource)) {
      client.hello("Ada");
    }
    for (String name : List.of("pg.hello.call", "pg.hello.round.trip", "pg.hello.queue.wait")) {
      Timer timer = registry.get(name).timers().iterator().next();
      assertThat(
              Arrays.stream(timer.takeSnapshot().histogramCounts())
                  .map(bucket -> bucket.bucket(TimeUnit.MILLISECONDS)))
          .containsExactly(1.0, 10.0, 100.0);
    }
  }

  @Test
  void gaugesShowQueuedCallsAndStatementsInFlight(DataSource dataSource, WireProxy proxy) {
    try (PgHelloClient client = metered(dataSource)) {
      client.hello("Ada");
      proxy.pause();
      List<CompletableFuture<String>> greetings = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        greetings.add(client.helloAsync("Ada"));
      }
      assertThat(gauge("pg.hello.queue.depth") + inFlight(greetings)).isPositive();
      while (gauge("pg.hello.statements.in.flight") < 1) {
        Thread.onSpinWait();
      }
      proxy.resume();
      greetings.forEach(CompletableFuture::join);
      while (gauge("pg.hello.statements.in.flight") > 0) {
        Thread.onSpinWait();
      }
      assertThat(gauge("pg.hello.queue.depth")).isZero();
    }
  }

  @Test
  void metersOfTwoClientsAddUpUnlessTheirTagsDiffer(DataSource dataSource) {
    try (PgHelloClient first = metered(dataSource);
        PgHelloClient second = metered(dataSource);
        PgHelloClient third =
            PgHelloClient.builder()
                .dataSource(dataSource)
                .listener(
                    PgHelloMetrics.create(new SimpleMeterRegistry(), Tags.of("client", "third")))
                .build()) {
      first.hello("Ada");
      second.hello("Ada");
      third.hello("Ada");
    }
    assertThat(calls("pg_hello(text)", "SUCCESS")).isEqualTo(2);
  }

  @Test
  void aRetryIsCounted(DataSource dataSource) throws SQLException {
    Connection connection = dataSource.getConnection();
    connection.abort(Runnable::run);
    var first = new AtomicBoolean(true);
    try (PgHelloClient client =
        PgHelloClient.builder()
            .connections(() -> first.getAndSet(false) ? connection : dataSource.getConnection())
            .listener(PgHelloMetrics.create(registry))
            .build()) {
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
    }
    assertThat(registry.get("pg.hello.retries").counter().count()).isEqualTo(1);
    assertThat(roundTrips("single", "CONNECTION_LOST")).isEqualTo(1);
  }

  @Test
  void eachStatementIsAnObservation(DataSource dataSource) {
    record();
    try (PgHelloClient client = observed(dataSource)) {
      Observation.createNotStarted("request", observations)
          .observe(
              () -> {
                client.hello("Ada");
                client.helloAll(List.of("Ada", "Zoë"));
                assertThatThrownBy(() -> client.hello("a\0b"));
              });
    }
    assertThat(stopped)
        .extracting(Observation.Context::getName)
        .containsExactly("pg.hello.statement", "pg.hello.statement", "request");
    Observation.Context single = stopped.get(0);
    assertThat(single.getContextualName()).isEqualTo("pg.hello single");
    assertThat(
            single.getAllKeyValues().stream().map(value -> value.getKey() + "=" + value.getValue()))
        .containsExactlyInAnyOrder("kind=single", "outcome=SUCCESS", "calls=1");
    assertThat(single.getParentObservation()).isNotNull();
    assertThat(stopped.get(1).getHighCardinalityKeyValue("calls").getValue()).isEqualTo("2");
    assertThat(observations.getCurrentObservation()).isNull();
  }

  @Test
  void keyValuesDistinguishObservationsOfTwoClients(DataSource dataSource) {
    record();
    try (PgHelloClient client =
        PgHelloClient.builder()
            .dataSource(dataSource)
            .listener(PgHelloObservations.create(observations, KeyValues.of("client", "reports")))
            .build()) {
      client.hello("Ada");
    }
    assertThat(stopped).hasSize(1);
    assertThat(stopped.get(0).getLowCardinalityKeyValues())
        .extracting(KeyValue::getKey)
        .containsExactlyInAnyOrder("client", "kind", "outcome");
    assertThat(stopped.get(0).getLowCardinalityKeyValue("client").getValue()).isEqualTo("reports");
  }

  @Test
  void aFailedObservationHasItsError(TestDatabase database) throws SQLException {
    record();
    PGSimpleDataSource nowhere = database.dataSource().unwrap(PGSimpleDataSource.class);
    nowhere.setPortNumbers(new int[] {1});
    try (PgHelloClient client = observed(nowhere)) {
      assertThatThrownBy(() -> client.hello("Ada")).isInstanceOf(FunctionCallException.class);
    }
    assertThat(stopped).hasSize(1);
    assertThat(stopped.get(0).getError()).isInstanceOf(FunctionCallException.class);
    assertThat(stopped.get(0).getLowCardinalityKeyValue("outcome").getValue())
        .isEqualTo("CONNECTION_UNAVAILABLE");
    assertThat(observations.getCurrentObservation()).isNull();
  }

  @Test
  void aHandlerThatFailsLeavesNoScopeOpen(TestDatabase database) throws SQLException {
    record();
    observations
        .observationConfig()
        .observationHandler(
            new ObservationHandler<Observation.Context>() {
              @Override
              public void onError(Observation.Context context) {
                throw new IllegalStateException("of a test");
              }

              @Override
              public boolean supportsContext(Observation.Context context) {
                return true;
              }
            });
    PGSimpleDataSource nowhere = database.dataSource().unwrap(PGSimpleDataSource.class);
    nowhere.setPortNumbers(new int[] {1});
    try (PgHelloClient client = observed(nowhere)) {
      assertThatThrownBy(() -> client.hello("Ada")).isInstanceOf(FunctionCallException.class);
      assertThatThrownBy(() -> client.hello("Ada")).isInstanceOf(FunctionCallException.class);
    }
    assertThat(stopped).hasSize(2);
    assertThat(stopped.get(1).getParentObservation()).isNull();
    assertThat(observations.getCurrentObservation()).isNull();
  }

  @Test
  void disabledObservationDoesNotAffectOthers(DataSource dataSource) {
    record();
    observations
        .observationConfig()
        .observationPredicate((name, context) -> !name.startsWith("pg.hello"));
    try (PgHelloClient client = observed(dataSource)) {
      Observation.createNotStarted("request", observations)
          .observe(
              () -> {
                Observation.Scope scope = observations.getCurrentObservationScope();
                client.hello("Ada");
                assertThat(observations.getCurrentObservationScope()).isSameAs(scope);
              });
      client.hello("Ada");
    }
    assertThat(observations.getCurrentObservationScope()).isNull();
    assertThat(stopped).extracting(Observation.Context::getName).containsExactly("request");
    assertThat(observations.getCurrentObservation()).isNull();
  }

  private PgHelloClient metered(DataSource dataSource) {
    // region metrics
    var metrics = PgHelloMetrics.create(registry);
    PgHelloClient client = PgHelloClient.builder().dataSource(dataSource).listener(metrics).build();
    metrics.bindGauges(client);
    // endregion
    return client;
  }

  private PgHelloClient observed(DataSource dataSource) {
    return PgHelloClient.builder()
        .dataSource(dataSource)
        .listener(PgHelloObservations.create(observations))
        .build();
  }

  private void record() {
    observations
        .observationConfig()
        .observationHandler(
            new ObservationHandler<Observation.Context>() {
              @Override
              public void onStop(Observation.Context context) {
                stopped.add(context);
              }

              @Override
              public boolean supportsContext(Observation.Context context) {
                return true;
              }
            });
  }

  private static long inFlight(List<CompletableFuture<String>> greetings) {
    return greetings.stream().filter(greeting -> !greeting.isDone()).count();
  }

  private double calls(String function, String outcome) {
    return registry
        .get("pg.hello.calls")
        .tag("function", function)
        .tag("outcome", outcome)
        .counter()
        .count();
  }

  private long roundTrips(String kind, String outcome) {
    return registry
        .get("pg.hello.round.trip")
        .tag("kind", kind)
        .tag("outcome", outcome)
        .timer()
        .count();
  }

  private double gauge(String name) {
    Meter meter = registry.get(name).meter();
    return meter.measure().iterator().next().getValue();
  }
}
