// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.ChildJvm;
import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.SampleNames;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs a library in a separate JVM, so that the JIT profile of one library does not affect another.
 * The JVM runs measurements on request.
 */
public final class LoadProcess implements AutoCloseable {
  // the number of concurrent calls for warming up
  private static final int WARM_CALLS = 256;
  private static final int WARM_NAMES = 2_000;

  private final ChildJvm jvm;

  /**
   * A request for a measurement. The port is the port of the server or of a proxy. A name length of
   * 0 bytes selects the usual names.
   */
  public record Request(int port, int connections, int calls, int nameBytes, long millis) {}

  public record Response(
      double thousandsPerSecond,
      double medianMicros,
      double p99Micros,
      double p999Micros,
      double bytesPerCall,
      double cpuMicrosPerCall) {

    /** Returns the throughput, with the CPU time per call. */
    public Sample rate() {
      return new Sample(thousandsPerSecond, cpuMicrosPerCall);
    }

    /** Returns the throughput and the latencies. */
    public double[] all() {
      return new double[] {thousandsPerSecond, medianMicros, p99Micros, p999Micros};
    }
  }

  /** Starts a library, and warms it up until it no longer gets faster. */
  public LoadProcess(Workload library, Address address, int connections, long serverPid)
      throws IOException {
    Object[] arguments = {library, address.host(), address.database(), address.user(), serverPid};
    jvm = ChildJvm.start(LoadProcess.class, address, List.of(), arguments);
    boolean bulk = library == Workload.ALL || library == Workload.JDBC_LOOP;
    int calls = bulk ? WARM_NAMES : WARM_CALLS;
    WarmUp.run(
        millis ->
            measure(new Request(address.port(), connections, calls, 0, millis))
                .thousandsPerSecond());
  }

  /** Runs a measurement and waits for the result. */
  public Response measure(Request request) throws IOException {
    jvm.send(request);
    Response response = jvm.receive(Response.class);
    if (response == null) {
      throw new IOException("a library under load has exited; see its output above");
    }
    return response;
  }

  @Override
  public void close() {
    jvm.close();
  }

  /**
   * Runs the library.
   *
   * @param args the host, database and user, and the server's main process ID
   */
  public static void main(String[] args) {
    try {
      ChildJvm.serve(Request.class, new Server(args)::measure);
      System.exit(0);
    } catch (Throwable e) {
      // exit, because the parent waits for a response, and a library's threads would keep this JVM
      // running
      e.printStackTrace();
      System.exit(1);
    }
  }

  /** The library, with the most recently requested number of connections. */
  private static final class Server {
    private final String[] args;
    private int port;
    private int connections;
    private Workload.@Nullable Connected library;

    Server(String[] args) {
      this.args = args;
    }

    Response measure(Request request) throws Exception {
      Workload.Connected connected = connect(request);
      SampleNames names =
          request.nameBytes == 0 ? SampleNames.USUAL : SampleNames.ofLength(request.nameBytes);
      // warm up again, because processor caches may have been overwritten while other libraries
      // were measured
      connected.under(new Load(names, request.calls, WarmUp.RECALL_MILLIS));
      CpuTime cpu = CpuTime.start(CpuTime.Client.PROCESS, Long.parseLong(args[4]));
      Load.Figures figures = connected.under(new Load(names, request.calls, request.millis));
      return new Response(
          figures.thousandsPerSecond(),
          figures.latencies().getValueAtPercentile(50) / 1e3,
          figures.latencies().getValueAtPercentile(99) / 1e3,
          figures.latencies().getValueAtPercentile(99.9) / 1e3,
          (double) figures.allocated() / figures.calls(),
          cpu.microsPerCall((double) figures.calls()));
    }

    private Workload.Connected connect(Request request) throws IOException {
      if (library == null || request.port != port || request.connections != connections) {
        if (library != null) {
          library.close();
        }
        port = request.port;
        connections = request.connections;
        var address =
            new Address(args[1], port, args[2], args[3], System.getenv(ChildJvm.PASSWORD));
        library = Workload.valueOf(args[0]).open(address, connections);
      }
      return library;
    }
  }
}
