// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.CpuTime.Client;
import io.pghello.benchmarks.harness.SampleNames;
import java.io.Closeable;
import java.io.IOException;

/** Requests to an application, whose CPU time is counted; that of this JVM, who asks, is not. */
public final class Requests implements Closeable {
  private final HttpCaller caller;
  private final int inFlight;
  private final Client application;

  /**
   * The result of many requests.
   *
   * @param rate in thousands a second, with the CPU time of a request, application and database
   *     together
   * @param databaseMicros the CPU time of a request in the database alone
   */
  public record Response(Sample rate, double databaseMicros) {}

  Requests(int port, String path, int inFlight, Client application) {
    this.caller = new HttpCaller(port, path, inFlight);
    this.inFlight = inFlight;
    this.application = application;
  }

  /** Makes requests for some time. */
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

  /** Makes requests until they become no faster. */
  public void warmUp() throws InterruptedException {
    WarmUp.run(millis -> load(millis).thousandsPerSecond());
  }

  /** Makes requests until they take no less CPU time, that of the compiler included. */
  public void warmUpWholly(long serverPid) throws Exception {
    WarmUp.<Exception>untilCheap(millis -> measure(serverPid, millis).rate().cpuMicros());
  }

  private Load.Figures load(long millis) throws InterruptedException {
    return new Load(SampleNames.USUAL, inFlight, millis).futures(caller);
  }

  /**
   * Makes so many requests a second, whether or not others were answered.
   *
   * @return the time in milliseconds that 99 of 100 requests take at most, each from the moment at
   *     which it should be made
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
