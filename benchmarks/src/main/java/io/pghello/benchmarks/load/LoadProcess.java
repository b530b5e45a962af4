// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.ChildJvm;
import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.SampleNames;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.HdrHistogram.IntCountsHistogram;
import org.jspecify.annotations.Nullable;
import tools.jackson.jr.ob.JSON;

/**
 * A library in a JVM of its own: what one makes the compiler assume does not slow down another. It
 * is told on its standard input what to measure, a line of JSON each, and answers alike.
 */
public final class LoadProcess implements AutoCloseable {
  // what a library is warmed up with
  private static final int WARM_CALLS = 256;
  private static final int WARM_NAMES = 2_000;
  private static final int RECALL_MILLIS = 100;
  private static final int WARM_UP_MILLIS = 400;
  private static final int WARM_UP_PATIENCE = 4;
  private static final int MOST_WARM_UPS = Integer.getInteger("pghello.bench.warmups", 25);

  private final Process process;
  private final PrintWriter in;
  private final BufferedReader out;

  /**
   * What to measure.
   *
   * @param port where the server, or a proxy, listens
   * @param nameBytes how long names are; 0 for the usual ones
   */
  public record Order(int port, int connections, int calls, int nameBytes, long millis) {}

  /** What came of it. */
  public record Answer(
      double thousandsPerSecond,
      double medianMicros,
      double p99Micros,
      double p999Micros,
      double bytesPerCall,
      double cpuMicrosPerCall) {

    /** Returns the throughput, with the CPU time of a call. */
    public Sample rate() {
      return new Sample(thousandsPerSecond, cpuMicrosPerCall);
    }

    static Answer of(Load.Figures figures, double cpuMicrosPerCall) {
      IntCountsHistogram latencies = figures.latencies();
      return new Answer(
          figures.thousandsPerSecond(),
          latencies.getValueAtPercentile(50) / 1e3,
          latencies.getValueAtPercentile(99) / 1e3,
          latencies.getValueAtPercentile(99.9) / 1e3,
          (double) figures.allocated() / figures.calls(),
          cpuMicrosPerCall);
    }
  }

  /**
   * Starts a library, and lets the compiler learn it until it becomes no faster.
   *
   * @param serverPid the server's main process, whose CPU time is counted
   */
  public LoadProcess(Workload library, Address address, int connections, long serverPid)
      throws IOException {
    ProcessBuilder builder =
        ChildJvm.of(
            LoadProcess.class,
            List.of(),
            List.of(
                library.name(),
                address.host(),
                address.database(),
                address.user(),
                Long.toString(serverPid)));
    builder.environment().put(ChildJvm.PASSWORD, address.password());
    process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    in = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8));
    out = process.inputReader(StandardCharsets.UTF_8);
    boolean bulk = library == Workload.ALL || library == Workload.JDBC_LOOP;
    warmUp(
        new Order(address.port(), connections, bulk ? WARM_NAMES : WARM_CALLS, 0, WARM_UP_MILLIS));
  }

  private void warmUp(Order order) throws IOException {
    double best = 0;
    int patience = WARM_UP_PATIENCE;
    for (int i = 0; i < MOST_WARM_UPS && patience > 0; i++) {
      double rate = measure(order).thousandsPerSecond();
      patience = rate > best ? WARM_UP_PATIENCE : patience - 1;
      best = Math.max(best, rate);
    }
  }

  /** Measures, and waits for what comes of it. */
  public Answer measure(Order order) throws IOException {
    in.println(JSON.std.asString(order));
    in.flush();
    String answer = out.readLine();
    if (answer == null) {
      throw new IOException("a library under load has ended; what it said is above");
    }
    return JSON.std.beanFrom(Answer.class, answer);
  }

  @Override
  public void close() {
    // it ends with its input
    in.close();
  }

  /**
   * Does as it is told until its input ends.
   *
   * @param args the library, a host, a database, the user, and the server's main process
   */
  public static void main(String[] args) {
    try {
      serve(args);
      System.exit(0);
    } catch (Throwable e) {
      // whoever waits for an answer must be told, and a library's threads would go on
      e.printStackTrace();
      System.exit(1);
    }
  }

  private static void serve(String[] args) throws Exception {
    PrintStream out = System.out;
    var orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    long serverPid = Long.parseLong(args[4]);
    Order last = null;
    Workload.Connected library = null;
    String line;
    while ((line = orders.readLine()) != null) {
      Order order = JSON.std.beanFrom(Order.class, line);
      if (library == null || !sameConnections(order, last)) {
        if (library != null) {
          library.close();
        }
        library =
            Workload.valueOf(args[0])
                .open(
                    new Address(
                        args[1], order.port, args[2], args[3], System.getenv(ChildJvm.PASSWORD)),
                    order.connections);
      }
      last = order;
      SampleNames names =
          order.nameBytes == 0 ? SampleNames.USUAL : SampleNames.ofLength(order.nameBytes);
      // the machine has forgotten some of it while others were measured
      library.under(new Load(names, order.calls, RECALL_MILLIS));
      CpuTime cpu = CpuTime.start(CpuTime.Client.PROCESS, serverPid);
      Load.Figures figures = library.under(new Load(names, order.calls, order.millis));
      out.println(
          JSON.std.asString(Answer.of(figures, cpu.microsPerCall((double) figures.calls()))));
    }
  }

  private static boolean sameConnections(Order order, @Nullable Order last) {
    return last != null && order.port == last.port && order.connections == last.connections;
  }
}
