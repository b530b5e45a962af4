// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.CpuTime.Client;
import io.pghello.benchmarks.harness.SampleNames;
import java.io.Closeable;
import java.io.IOException;

/**
 * Sends requests to an application, and measures the application's CPU time, but not the CPU time
 * of this JVM.
 */
public final class HttpLoad implements Closeable {
  private final HttpCaller caller;
  private final int inFlight;
  private final Client application;

  /**
   * The result of many requests.
   *
   * @param rate the throughput in thousands of requests per second, with the total CPU time of the
   *     application and the database per request
   * @param databaseMicros the database's CPU time per request
   */
  public record Response(Sample rate, double databaseMicros) {}

  HttpLoad(int port, String path, int inFlight, Client application) {
    this.caller = new HttpCaller(port, path, inFlight);
    this.inFlight = inFlight;
    this.application = application;
  }

  /** Sends requests for the given time. */
  public Response measure(long serverPid, long millis) throws IOException, InterruptedException {
    load(WarmUp.RECALL_MILLIS);
    CpuTime all = CpuTime.start(application, serverPid);
    CpuTime database = CpuTime.start(Client.NONE, serverPid);
    Load.Figures figures = load(millis);
    double calls = figures.calls();
    return new Response(
        new Sample(figures.thousandsPerSecond(), all.microsPerCall(calls)),
        database.microsPerCall(calls));
  }

  /** Sends requests until they no longer get faster. */
  public void warmUp() throws InterruptedException {
    WarmUp.run(millis -> load(millis).thousandsPerSecond());
  }

  /**
   * Sends requests until the CPU time per request, including JIT compilation, stops decreasing.
   * Pauses between measurements, so that the JIT compiler of the application can finish its work.
   */
  public void warmUpWholly(long serverPid) throws Exception {
    WarmUp.untilCheap(application, millis -> measure(serverPid, millis).rate().cpuMicros());
  }

  private Load.Figures load(long millis) throws InterruptedException {
    return new Load(SampleNames.USUAL, inFlight, millis).futures(caller);
  }

  /**
   * Sends requests at a fixed rate, regardless of outstanding responses.
   *
   * @return the 99th percentile of the latency in milliseconds, measured from the scheduled time
   */
  public double p99Millis(double perSecond, long millis) throws InterruptedException {
    atRate(perSecond, WarmUp.RECALL_MILLIS);
    return atRate(perSecond, millis).latencies().getValueAtPercentile(99) / 1e6;
  }

  private Load.Figures atRate(double perSecond, long millis) throws InterruptedException {
    return new Load(SampleNames.USUAL, inFlight, millis).atRate(perSecond, caller);
  }

  @Override
  public void close() {
    caller.close();
  }
}
