// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.AsyncWorker;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.NameRequest;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.assertj.core.api.Condition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/**
 * Callers, futures, and statements that the test answers. Shared by the tests of {@link Coalescer}.
 */
@Timeout(60)
abstract class CoalescerFixture {
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(30);
  static final Duration SHORT = Duration.ofMillis(300);
  static final int MANY = 1024;

  final ExecutorService executor = Executors.newCachedThreadPool();
  final ExecutorService workers =
      Executors.newCachedThreadPool(task -> new AsyncWorker(task, "worker"));
  final HeldSender sender = new HeldSender();
  private final Deque<Integer> permits = new ConcurrentLinkedDeque<>();
  int batchSize = MANY;
  int batchBytes = 1 << 20;
  int maxInFlightBatches = 1;
  int maxQueuedCalls = 64;
  int maxQueuedBytes = 64 * 1024;
  boolean blockWhenFull;
  CallListener listener = Settings.NO_LISTENER;

  @AfterEach
  void stop() throws InterruptedException {
    for (ExecutorService threads : List.of(executor, workers)) {
      threads.shutdownNow();
      assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  Coalescer<NameRequest, String> coalescer() {
    return coalescer(executor);
  }

  Coalescer<NameRequest, String> coalescer(Executor executor) {
    return new Coalescer<>(settings(), executor, sender);
  }

  Settings settings() {
    return new Settings(
        new Settings.Statements(null, false, CALL_TIMEOUT, false, listener),
        new Settings.Batches(true, batchSize, batchBytes, maxInFlightBatches),
        new Settings.Queue(maxQueuedCalls, maxQueuedBytes, blockWhenFull),
        new Settings.Futures(1, null, "worker-"));
  }

  /** Asserts that all permits are available and that the queue has its full capacity again. */
  void assertNothingIsLost(Coalescer<NameRequest, String> coalescer) {
    until(coalescer::isIdle);
    hold(coalescer);
    int most = maxQueuedBytes / (maxQueuedBytes / maxQueuedCalls);
    for (int round = 0; round < 2; round++) {
      var filling = new ArrayList<CompletableFuture<String>>();
      for (int i = 0; i < Math.min(most, maxQueuedCalls); i++) {
        filling.addAll(futures(coalescer, ""));
      }
      assertOverloaded(coalescer, "");
      coalescer.failAll(Errors.closed());
      filling.forEach(future -> assertFails(future, Code.CLOSED));
    }
    for (int i = 0; i < maxInFlightBatches; i++) {
      release(coalescer);
    }
    assertThat(coalescer.isIdle()).isTrue();
  }

  /** Acquires all permits. */
  void hold(Coalescer<NameRequest, String> coalescer) {
    for (int i = 0; i < maxInFlightBatches; i++) {
      acquire(coalescer);
    }
    assertThat(coalescer.tryAcquire()).isEqualTo(InFlightLimit.NONE);
  }

  /** Acquires a permit, which {@link #release} releases. */
  void acquire(Coalescer<NameRequest, String> coalescer) {
    // a large batch may have been sent recently, and then delays this permit
    until(
        () -> {
          int permit = coalescer.tryAcquire();
          return permit != InFlightLimit.NONE && permits.offerFirst(permit);
        });
  }

  /** Releases the permit that was acquired last. */
  void release(Coalescer<NameRequest, String> coalescer) {
    coalescer.release(permits.remove());
  }

  List<Caller> waitingCallers(Coalescer<NameRequest, String> coalescer, String... names) {
    var callers = new ArrayList<Caller>();
    for (String name : names) {
      var caller = new Caller(coalescer, name);
      until(caller::isWaiting);
      callers.add(caller);
    }
    return callers;
  }

  static List<CompletableFuture<String>> futures(
      Coalescer<NameRequest, String> coalescer, String... names) {
    var futures = new ArrayList<CompletableFuture<String>>();
    for (String name : names) {
      Call<NameRequest, String> future = future(name, in(CALL_TIMEOUT));
      coalescer.add(future);
      futures.add(future);
    }
    return futures;
  }

  List<String> answerNext() {
    Sent sent = sender.next();
    sent.answer();
    return sent.names();
  }

  static void assertAnswered(List<Caller> callers) {
    for (Caller caller : callers) {
      assertThat(caller.outcome()).isEqualTo(greeting(caller.request));
      assertThat(caller.interrupted).isFalse();
    }
  }

  static void assertOverloaded(Coalescer<NameRequest, String> coalescer, String name) {
    Call<NameRequest, String> call = future(name, in(SHORT));
    assertThatThrownBy(() -> coalescer.add(call)).is(error(Code.OVERLOADED));
    assertThat(call).isNotDone();
  }

  static void assertFails(CompletableFuture<String> future, Code code) {
    assertThat(
            future
                .handle((greeting, error) -> error == null ? greeting : error)
                .orTimeout(20, TimeUnit.SECONDS)
                .join())
        .is(error(code));
  }

  static <T> Condition<T> error(Code code) {
    return new Condition<>(
        outcome -> outcome instanceof FunctionCallException e && e.code() == code, code.name());
  }

  static <T> T get(CompletableFuture<T> future) {
    return future.orTimeout(20, TimeUnit.SECONDS).join();
  }

  static void until(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(end - System.nanoTime()).as("time left to wait").isPositive();
      LockSupport.parkNanos(100_000);
    }
  }

  static void await(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  static NameRequest request(String name) {
    return NameRequest.of(name);
  }

  static String greeting(NameRequest request) {
    return "Hello, " + request.name() + "!";
  }

  static Deadline in(Duration time) {
    return Deadline.after(time);
  }

  /** Creates a call of a future. */
  static Call<NameRequest, String> future(String name, Deadline deadline) {
    return Call.ofFuture(request(name), deadline, Settings.NO_LISTENER);
  }

  /** Makes a call in the same way as {@link Dispatcher#call}. */
  static Object call(
      Coalescer<NameRequest, String> coalescer,
      Coalescer.Sender<NameRequest> sender,
      NameRequest request,
      Deadline deadline) {
    int permit = coalescer.tryAcquire();
    if (permit != InFlightLimit.NONE) {
      try {
        return sender.send(List.of(request), StatementContext.single(deadline))[0];
      } finally {
        coalescer.release(permit);
      }
    }
    try {
      Call<NameRequest, String> call = Call.ofThread(request, deadline);
      coalescer.add(call);
      return coalescer.await(call, false);
    } catch (FunctionCallException e) {
      return e;
    }
  }

  /** A thread that makes one call. */
  final class Caller {
    final Coalescer<NameRequest, String> coalescer;
    final NameRequest request;
    final Deadline deadline;
    final Thread thread;
    final CountDownLatch done = new CountDownLatch(1);
    volatile boolean interrupted;
    private volatile @Nullable Object outcome;

    Caller(Coalescer<NameRequest, String> coalescer, String name) {
      this(coalescer, name, CALL_TIMEOUT);
    }

    Caller(Coalescer<NameRequest, String> coalescer, String name, Duration timeout) {
      this.coalescer = coalescer;
      this.request = request(name);
      this.deadline = in(timeout);
      this.thread =
          new Thread(
              () -> {
                outcome = call(coalescer, sender, request, deadline);
                interrupted = Thread.currentThread().isInterrupted();
                done.countDown();
              },
              name);
      thread.setDaemon(true);
      thread.start();
    }

    boolean isBlocked() {
      return thread.getState() == Thread.State.WAITING
          || thread.getState() == Thread.State.TIMED_WAITING;
    }

    boolean isWaiting() {
      return isBlocked() && LockSupport.getBlocker(thread) instanceof Call;
    }

    Object outcome() {
      until(
          () -> {
            // the timer does the same
            if (deadline.isOver()) {
              coalescer.checkTimeouts();
            }
            return done.getCount() == 0;
          });
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return Objects.requireNonNull(outcome);
    }
  }

  /** A sender whose statements end when the test answers them. */
  static final class HeldSender implements Coalescer.Sender<NameRequest> {
    final AtomicInteger inFlight = new AtomicInteger();
    final AtomicInteger most = new AtomicInteger();
    volatile boolean answerAtOnce;
    private final AtomicInteger number = new AtomicInteger();
    private final BlockingQueue<Sent> sent = new LinkedBlockingQueue<>();
    private final AtomicReference<@Nullable Error> failure = new AtomicReference<>();

    @Override
    public Object[] send(List<NameRequest> requests, StatementContext context) {
      Error error = failure.getAndSet(null);
      if (error != null) {
        throw error;
      }
      most.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
      number.incrementAndGet();
      var one = new Sent(List.copyOf(requests), context);
      if (answerAtOnce) {
        one.answer();
      } else {
        sent.add(one);
      }
      Object[] outcomes = get(one.outcomes);
      inFlight.decrementAndGet();
      return outcomes;
    }

    Sent next() {
      try {
        Sent next = sent.poll(20, TimeUnit.SECONDS);
        assertThat(next).as("something is sent").isNotNull();
        return next;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    boolean isNext() {
      return !sent.isEmpty();
    }

    /** Throws an error instead of sending the next statement. */
    void failNext(Error error) {
      failure.set(error);
    }

    boolean hasFailed() {
      return failure.get() == null;
    }

    int number() {
      return number.get();
    }
  }

  /** A statement in flight. */
  static final class Sent {
    final List<NameRequest> requests;
    final StatementContext context;
    final Deadline deadline;
    final Thread thread = Thread.currentThread();
    final CompletableFuture<Object[]> outcomes = new CompletableFuture<>();

    Sent(List<NameRequest> requests, StatementContext context) {
      this.requests = requests;
      this.context = context;
      this.deadline = context.deadline();
    }

    List<String> names() {
      return requests.stream().map(NameRequest::name).toList();
    }

    void answer() {
      complete(requests.stream().map(CoalescerFixture::greeting).toArray());
    }

    void fail(FunctionCallException error) {
      var all = new Object[requests.size()];
      Arrays.fill(all, error);
      complete(all);
    }

    void complete(Object... all) {
      outcomes.complete(all);
    }
  }
}
