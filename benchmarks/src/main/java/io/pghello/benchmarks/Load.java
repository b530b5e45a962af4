// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a number of calls under way for some time: each answer is compared with what it should be,
 * and the next call is made.
 */
final class Load {
  private static final long PATIENCE_SECONDS = 60;

  /** Waits for the answer. */
  interface Caller {
    @Nullable String hello(String name) throws Exception;
  }

  /** Does not wait. */
  interface AsyncCaller {
    void hello(String name, BiConsumer<@Nullable String, @Nullable Throwable> answer);
  }

  /** What came of it. */
  record Figures(long calls, long nanos, Latencies latencies) {
    double thousandsPerSecond() {
      return calls * 1e6 / nanos;
    }
  }

  private final long nanos;
  private final CountDownLatch done;
  private volatile long end;
  private volatile @Nullable Throwable failure;

  private Load(int inFlight, long millis) {
    this.nanos = TimeUnit.MILLISECONDS.toNanos(millis);
    this.done = new CountDownLatch(inFlight);
  }

  /** Lets threads call and wait. */
  static Figures threads(int inFlight, long millis, ThreadFactory factory, Caller caller)
      throws InterruptedException {
    var load = new Load(inFlight, millis);
    var start = new CountDownLatch(1);
    List<Chain> chains = new ArrayList<>();
    for (int i = 0; i < inFlight; i++) {
      Chain chain = load.new Chain(i);
      chains.add(chain);
      factory
          .newThread(
              () -> {
                try {
                  start.await();
                  chain.callAndWait(caller);
                } catch (Exception e) {
                  load.failure = e;
                } finally {
                  load.done.countDown();
                }
              })
          .start();
    }
    return load.run(chains, start::countDown);
  }

  /** Lets each answer make the next call. */
  static Figures futures(int inFlight, long millis, AsyncCaller caller)
      throws InterruptedException {
    var load = new Load(inFlight, millis);
    List<Chain> chains = new ArrayList<>();
    for (int i = 0; i < inFlight; i++) {
      chains.add(load.new Chain(i));
    }
    return load.run(chains, () -> chains.forEach(chain -> chain.callNext(caller)));
  }

  private Figures run(List<Chain> chains, Runnable begin) throws InterruptedException {
    long start = System.nanoTime();
    end = start + nanos;
    begin.run();
    boolean ended = done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    long took = System.nanoTime() - start;
    if (failure != null || !ended) {
      throw new IllegalStateException(ended ? "a call failed" : "calls are missing", failure);
    }
    var latencies = new Latencies();
    long calls = 0;
    for (Chain chain : chains) {
      calls += chain.calls;
      latencies.add(chain.latencies);
    }
    return new Figures(calls, took, latencies);
  }

  /** Calls of which one is under way at a time. */
  private final class Chain {
    private final Latencies latencies = new Latencies();
    private int index;
    private long begin;
    private long calls;

    Chain(int first) {
      index = first;
    }

    void callAndWait(Caller caller) throws Exception {
      begin = System.nanoTime();
      do {
        take(caller.hello(Names.name(index)));
      } while (begin - end < 0 && failure == null);
    }

    void callNext(AsyncCaller caller) {
      begin = System.nanoTime();
      caller.hello(Names.name(index), (answer, error) -> accept(caller, answer, error));
    }

    private void accept(AsyncCaller caller, @Nullable String answer, @Nullable Throwable error) {
      try {
        if (error != null) {
          throw new IllegalStateException(error);
        }
        take(answer);
        if (begin - end < 0 && failure == null) {
          callNext(caller);
          return;
        }
      } catch (RuntimeException e) {
        failure = e;
      }
      done.countDown();
    }

    private void take(@Nullable String answer) {
      long now = System.nanoTime();
      latencies.add(now - begin);
      begin = now;
      Names.check(index, answer);
      index++;
      calls++;
    }
  }
}
