// SPDX-License-Identifier: MIT
// region test
package org.acme.geo;

import static org.junit.jupiter.api.Assertions.*;

import com.zaxxer.hikari.*;
import io.pghello.extension.batching.*;
import io.pghello.extension.testkit.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;
import org.junit.jupiter.api.*;

@ExtensionTest(extensions = "acme_geo")
class MidpointClientTest {
  private final LongSummaryStatistics batches = new LongSummaryStatistics();
  private HikariDataSource pool;
  private MidpointClient client;

  @BeforeEach
  void connect(DataSource dataSource) {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(4);
    pool = new HikariDataSource(config);
    client = new MidpointClient(pool, new BatchSizes());
  }

  @AfterEach
  void disconnect() {
    client.close();
    pool.close();
  }

  @Test
  void failsOnlyTheInvalidCall() {
    var before = Collections.nCopies(50, 3.0).stream().map(b -> client.midpointAsync(1, b)).toList();
    var invalid = client.midpointAsync(1, Double.NaN);
    var after = Collections.nCopies(50, 3.0).stream().map(b -> client.midpointAsync(1, b)).toList();
    before.forEach(call -> assertEquals(2, call.join()));
    after.forEach(call -> assertEquals(2, call.join()));
    assertTrue(batches.getMax() > 1);
    var error = assertThrows(CompletionException.class, invalid::join).getCause();
    assertEquals("22003", ((FunctionCallException) error).sqlState().orElseThrow());
  }

  /** Records the number of calls in each statement. */
  private class BatchSizes implements CallListener {
    @Override
    public void statementEnded(StatementEnded event) {
      synchronized (batches) {
        batches.accept(event.calls());
      }
    }
  }

  @Test
  void measuresTheGain(WireProxy proxy) throws Exception {
    proxy.delay(Duration.ofMillis(1)); // a network with a round trip of 1 ms
    double jdbc = callsPerSecond(this::midpointWithJdbc);
    double batched = callsPerSecond(() -> client.midpoint(1, 3));
    System.out.printf("JDBC: %,.0f calls/s; batched: %,.0f calls/s, %.1f calls per statement%n",
        jdbc, batched, batches.getAverage());
    assertTrue(batched > jdbc);
  }

  private double midpointWithJdbc() throws Exception {
    try (var connection = pool.getConnection();
        var statement = connection.prepareStatement("SELECT acme_geo_midpoint(1, 3)");
        var row = statement.executeQuery()) {
      row.next();
      return row.getDouble(1);
    }
  }

  /** Lets 64 threads make calls for two seconds. */
  private static double callsPerSecond(Callable<Double> call) throws Exception {
    var calls = new LongAdder();
    long end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
    Callable<Void> caller = () -> {
      while (System.nanoTime() < end) {
        assertEquals(2, call.call());
        calls.increment();
      }
      return null;
    };
    var threads = Executors.newFixedThreadPool(64);
    for (var done : threads.invokeAll(Collections.nCopies(64, caller))) {
      done.get();
    }
    threads.shutdown();
    return calls.sum() / 2.0;
  }
}
// endregion
