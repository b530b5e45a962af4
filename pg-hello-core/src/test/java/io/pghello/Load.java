// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Callers that make calls until they are stopped. Checks each answer, and counts each failure. */
final class Load {
  private static final String[] NAMES = {"Ada", "Zoë", "O'Brien", "李小龍", ""};
  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final Duration MARGIN = Duration.ofSeconds(15);
  private static final Duration TIME_LIMIT = Duration.ofSeconds(60);

  private final PgHelloClient client;
  private final long limit;
  private final CountDownLatch callers;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final ExecutorService askers = Executors.newFixedThreadPool(2);
  private final AtomicLong asked = new AtomicLong();
  private final LongAdder answers = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final LongAccumulator longest = new LongAccumulator(Long::max, 0);
  private final AtomicLong lastAnswer = new AtomicLong(System.nanoTime());
  private final LongAccumulator longestGap = new LongAccumulator(Long::max, 0);
  private final Map<Code, FunctionCallException> failures = new ConcurrentHashMap<>();
  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
  private volatile boolean stopped;

  private Load(PgHelloClient client, int callers, long limit) {
    this.client = client;
    this.limit = limit;
    this.callers = new CountDownLatch(callers);
  }

  /** Starts callers. Some wait for each greeting on a thread, others use futures. */
  static Load start(PgHelloClient client, int threads, int futures) {
    return start(client, threads, futures, Long.MAX_VALUE);
  }

  private static Load start(PgHelloClient client, int threads, int futures, long limit) {
    var load = new Load(client, threads + futures, limit);
    for (int i = 0; i < threads; i++) {
      load.threads.execute(load::call);
    }
    for (int i = 0; i < futures; i++) {
      load.askers.execute(load::ask);
    }
    return load;
  }

  /** Makes a number of concurrent calls, half of them with threads. All calls must succeed. */
  static void burst(PgHelloClient client, int calls) throws InterruptedException {
    Load load = start(client, calls / 8, calls / 8, calls);
    load.await();
    load.assertAnswered(calls);
  }

  /** Returns how many calls have been answered so far. */
  long answers() {
    return answers.sum();
  }

  /** Returns the first failure of each code. */
  Map<Code, FunctionCallException> failures() {
    return failures;
  }

  /** Waits until the given number of further calls have been answered. */
  void awaitAnswers(int more) throws InterruptedException {
    long goal = answers() + more;
    long end = System.nanoTime() + TIME_LIMIT.toNanos();
    while (answers() < goal) {
      assertThat(System.nanoTime() - end).as("calls are answered").isNegative();
      Thread.sleep(5);
    }
  }

  /** Waits until a call has failed with this code. */
  void awaitFailure(Code code) throws InterruptedException {
    long end = System.nanoTime() + TIME_LIMIT.toNanos();
    while (!failures.containsKey(code)) {
      assertThat(System.nanoTime() - end).as("a call fails with " + code).isNegative();
      Thread.sleep(5);
    }
  }

  /** Stops the callers after their current calls, and prints the results. */
  Load stop() throws InterruptedException {
    stopped = true;
    long inFlight = callers.getCount();
    await();
    String test =
        StackWalker.getInstance()
            .walk(frames -> frames.skip(1).findFirst())
            .map(
                frame ->
                    frame.getClassName().replaceFirst(".*\\.", "") + "." + frame.getMethodName())
            .orElseThrow();
    System.out.printf(
        "faults: %s: %d calls, %d in flight, wrong or untyped %d, failed %d; without an answer for"
            + " %d ms%n",
        test,
        answers() + failed.sum() + wrong.size(),
        inFlight,
        wrong.size(),
        failed.sum(),
        TimeUnit.NANOSECONDS.toMillis(longestGap.get()));
    return this;
  }

  private void await() throws InterruptedException {
    boolean ended = callers.await(TIME_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    threads.shutdownNow();
    askers.shutdownNow();
    assertThat(ended).as("all calls have ended").isTrue();
  }

  /**
   * Fails if an answer was wrong, or if a call took too long or failed with any other code than the
   * expected ones.
   */
  void assertOnly(Duration callTimeout, Code... expected) {
    assertThat(wrong).as("wrong answers").isEmpty();
    var unexpected = new EnumMap<Code, FunctionCallException>(Code.class);
    unexpected.putAll(failures);
    for (Code code : expected) {
      unexpected.remove(code);
    }
    assertThat(unexpected).as("other failures").isEmpty();
    assertThat(Duration.ofNanos(longest.get())).isLessThan(callTimeout.plus(MARGIN));
  }

  private void assertAnswered(long calls) {
    assertThat(wrong).as("wrong answers").isEmpty();
    assertThat(failures).as("failures").isEmpty();
    assertThat(answers()).isEqualTo(calls);
  }

  private void call() {
    for (long number; !stopped && (number = asked.getAndIncrement()) < limit; ) {
      String name = name(number);
      int repeat = repeat(number);
      long begin = System.nanoTime();
      try {
        ended(
            begin,
            expected(name, repeat),
            repeat == 1 ? client.hello(name) : client.hello(name, repeat),
            null);
      } catch (RuntimeException | Error e) {
        ended(begin, "", null, e);
        pause();
      }
    }
    callers.countDown();
  }

  private void ask() {
    long number = asked.getAndIncrement();
    if (stopped || number >= limit) {
      callers.countDown();
      return;
    }
    String name = name(number);
    long begin = System.nanoTime();
    var unused =
        client
            .helloAsync(name)
            .whenComplete(
                (greeting, error) -> {
                  ended(begin, expected(name, 1), greeting, error);
                  Executor next =
                      error == null
                          ? askers
                          : CompletableFuture.delayedExecutor(
                              PAUSE.toMillis(), TimeUnit.MILLISECONDS, askers);
                  next.execute(this::ask);
                });
  }

  private void ended(
      long begin, String expected, @Nullable String greeting, @Nullable Throwable error) {
    longest.accumulate(System.nanoTime() - begin);
    if (error instanceof FunctionCallException failure) {
      failed.increment();
      failures.putIfAbsent(failure.code(), failure);
    } else if (error != null) {
      wrong.add(error.toString());
    } else if (expected.equals(greeting)) {
      answers.increment();
      long now = System.nanoTime();
      longestGap.accumulate(now - lastAnswer.getAndSet(now));
    } else {
      wrong.add(greeting + " instead of " + expected);
    }
  }

  private static String name(long number) {
    return NAMES[(int) (number % NAMES.length)] + number;
  }

  private static int repeat(long number) {
    return number % 8 == 0 ? 3 : 1;
  }

  private static String expected(String name, int repeat) {
    String greeting = "Hello, " + name + "!";
    return greeting + (" " + greeting).repeat(repeat - 1);
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
