// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.benchmarks.harness.SampleNames;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.HdrHistogram.IntCountsHistogram;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a number of calls in flight for some time, or makes calls at a fixed rate. Each result is
 * verified.
 */
public final class Load {
  private static final long TIMEOUT_SECONDS = 60;
  private static final long SEED = 1;
  private static final long LATENCY_STEP = 100;
  private static final long MAX_LATENCY = TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);

  /** A blocking call. */
  public interface Caller {
    @Nullable String hello(String name) throws Exception;
  }

  /** An asynchronous call. */
  interface AsyncCaller {
    void hello(String name, BiConsumer<@Nullable String, @Nullable Throwable> answer);
  }

  /** Greets many names and verifies the results. */
  interface Bulk {
    void hello(SampleNames names, int count) throws Exception;
  }

  /**
   * The result of a load, with the latencies in nanoseconds, and the number of bytes allocated by
   * this JVM's threads.
   */
  record Figures(long calls, long nanos, IntCountsHistogram latencies, long allocated) {
    double thousandsPerSecond() {
      return calls * 1e6 / nanos;
    }
  }

  private final SampleNames names;
  private final int inFlight;
  private final long nanos;
  private final CountDownLatch done;
  private final Queue<IntCountsHistogram> all = new ConcurrentLinkedQueue<>();
  // one histogram per thread, because one per chain of futures would not fit into the processor's
  // cache
  private final ThreadLocal<IntCountsHistogram> latencies = ThreadLocal.withInitial(this::ofThread);
  private final CountDownLatch measured = new CountDownLatch(1);
  private volatile long end;
  private volatile @Nullable Throwable failure;

  /** Creates a load, which can run only once. */
  Load(SampleNames names, int inFlight, long millis) {
    this.names = names;
    this.inFlight = inFlight;
    this.nanos = TimeUnit.MILLISECONDS.toNanos(millis);
    this.done = new CountDownLatch(inFlight);
  }

  /** Makes blocking calls from several threads. */
  Figures threads(ThreadFactory factory, Caller caller) throws InterruptedException {
    var start = new CountDownLatch(1);
    List<Chain> chains = chains();
    chains.forEach(chain -> factory.newThread(() -> work(chain, start, caller)).start());
    return run(start::countDown);
  }

  private void work(Chain chain, CountDownLatch start, Caller caller) {
    try {
      start.await();
      chain.callAndWait(caller);
    } catch (Throwable e) {
      failure = e;
    } finally {
      done.countDown();
    }
    try {
      // keep the thread alive until the end of the measurement, because the amount of memory that
      // an ended thread has allocated is unknown
      measured.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Makes asynchronous calls. Each result triggers the next call. */
  Figures futures(AsyncCaller caller) throws InterruptedException {
    List<Chain> chains = chains();
    return run(() -> chains.forEach(chain -> chain.callNext(caller)));
  }

  /**
   * Makes calls at a fixed rate, regardless of outstanding responses. The start times of the calls
   * follow a Poisson process, as with many independent callers, and are the same in each run.
   * Latencies are measured from the scheduled time, so the latency of a delayed call includes the
   * time that its caller has waited.
   */
  Figures atRate(double perSecond, AsyncCaller caller) throws InterruptedException {
    int calls = (int) (nanos * perSecond / TimeUnit.SECONDS.toNanos(1));
    long[] times = new SplittableRandom(SEED).longs(calls, 0, nanos).sorted().toArray();
    var left = new CountDownLatch(calls);
    long start = System.nanoTime();
    for (int i = 0; i < calls && failure == null; i++) {
      int index = i;
      long due = start + times[i];
      for (long wait; (wait = due - System.nanoTime()) > 0; ) {
        LockSupport.parkNanos(wait);
      }
      caller.hello(
          names.name(index),
          (answer, error) -> {
            try {
              record(latencies.get(), System.nanoTime() - due);
              if (error != null) {
                throw new IllegalStateException(error);
              }
              names.check(index, answer);
            } catch (Throwable e) {
              failure = e;
            }
            left.countDown();
          });
    }
    boolean ended = failure != null || left.await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    return figures(ended, System.nanoTime() - start, 0);
  }

  /**
   * Greets batches of names repeatedly. The number of names in a batch is the configured number of
   * calls in flight.
   */
  Figures inARow(Bulk bulk) throws Exception {
    var allocation = new Allocation();
    IntCountsHistogram latencies = histogram();
    long start = System.nanoTime();
    long now = start;
    do {
      long begin = now;
      bulk.hello(names, inFlight);
      now = System.nanoTime();
      record(latencies, now - begin);
    } while (now - start < nanos);
    long calls = latencies.getTotalCount() * inFlight;
    return new Figures(calls, now - start, latencies, allocation.sum());
  }

  private IntCountsHistogram ofThread() {
    IntCountsHistogram histogram = histogram();
    all.add(histogram);
    return histogram;
  }

  /**
   * Returns a histogram with an array of fixed size, because enlarging the array would allocate
   * memory during the measurement.
   */
  private static IntCountsHistogram histogram() {
    return new IntCountsHistogram(LATENCY_STEP, MAX_LATENCY, 2);
  }

  private static void record(IntCountsHistogram latencies, long nanos) {
    latencies.recordValue(Math.min(nanos, MAX_LATENCY));
  }

  private List<Chain> chains() {
    return IntStream.range(0, inFlight).mapToObj(Chain::new).toList();
  }

  private Figures run(Runnable begin) throws InterruptedException {
    var allocation = new Allocation();
    long start = System.nanoTime();
    end = start + nanos;
    begin.run();
    boolean ended = done.await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    long took = System.nanoTime() - start;
    long allocated = allocation.sum();
    measured.countDown();
    return figures(ended, took, allocated);
  }

  private Figures figures(boolean ended, long took, long allocated) {
    if (failure != null || !ended) {
      throw new IllegalStateException(ended ? "a call failed" : "calls are missing", failure);
    }
    IntCountsHistogram sum = histogram();
    all.forEach(sum::add);
    return new Figures(sum.getTotalCount(), took, sum, allocated);
  }

  /** A sequence of calls, one at a time. */
  private final class Chain {
    private int index;
    private long begin;

    Chain(int first) {
      index = first;
    }

    void callAndWait(Caller caller) throws Exception {
      begin = System.nanoTime();
      do {
        recordAnswer(caller.hello(names.name(index)));
      } while (begin - end < 0 && failure == null);
    }

    void callNext(AsyncCaller caller) {
      begin = System.nanoTime();
      caller.hello(names.name(index), (answer, error) -> accept(caller, answer, error));
    }

    private void accept(AsyncCaller caller, @Nullable String answer, @Nullable Throwable error) {
      try {
        if (error != null) {
          throw new IllegalStateException(error);
        }
        recordAnswer(answer);
        if (begin - end < 0 && failure == null) {
          callNext(caller);
          return;
        }
      } catch (Throwable e) {
        failure = e;
      }
      done.countDown();
    }

    private void recordAnswer(@Nullable String answer) {
      long now = System.nanoTime();
      record(latencies.get(), now - begin);
      begin = now;
      names.check(index, answer);
      index++;
    }
  }
}
