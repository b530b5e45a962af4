// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.AsyncWorker;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.NameRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Shows which threads execute calls that are not batched, and which threads fail them. Needs no
 * server.
 */
class AsyncCallsTest extends CoalescerFixture {
  private static final Executor INLINE = Runnable::run;
  private static final int STACK_BYTES = 256 * 1024;

  private final AtomicInteger executed = new AtomicInteger();

  private final AtomicInteger missingThreads = new AtomicInteger();

  private final Executor own =
      task -> {
        executed.incrementAndGet();
        if (missingThreads.getAndDecrement() > 0) {
          throw new OutOfMemoryError("unable to create native thread (of a test)");
        }
        workers.execute(task);
      };

  private final CompletableFuture<Void> gate = new CompletableFuture<>();
  private final CountDownLatch begun = new CountDownLatch(1);

  /**
   * An executor may copy the context of the thread that submits a call, such as that thread's
   * tenant.
   */
  @Test
  void theExecutorIsCalledOnTheThreadThatMakesTheCall() {
    var context = new ThreadLocal<String>();
    Executor copying =
        task -> {
          String copy = context.get();
          executor.execute(
              () -> {
                context.set(copy);
                task.run();
              });
        };
    var calls = calls(copying);
    context.set("first");
    CompletableFuture<String> first = add(calls, this::blocked);
    until(() -> begun.getCount() == 0);
    context.set("second");
    CompletableFuture<String> second = add(calls, context::get);
    context.set("third");
    CompletableFuture<String> third = add(calls, context::get);
    assertThat(calls.queuedCalls()).isEqualTo(2);
    gate.complete(null);
    assertThat(get(first)).isEqualTo("blocked");
    assertThat(get(second)).isEqualTo("second");
    assertThat(get(third)).isEqualTo("third");
    until(calls::isIdle);
  }

  @Test
  void anInterruptEndsACallThatWaitsOnAThreadOfTheExecutor() {
    Queue<Thread> threads = new ConcurrentLinkedQueue<>();
    var calls =
        calls(
            task -> {
              var thread = new Thread(task);
              threads.add(thread);
              thread.start();
            });
    CompletableFuture<String> first = add(calls, this::blocked);
    until(() -> begun.getCount() == 0);
    CompletableFuture<String> second = add(calls, () -> "second");
    threads.remove();
    threads.remove().interrupt();
    assertFails(second, Code.INTERRUPTED);
    assertThat(calls.queuedCalls()).isZero();
    gate.complete(null);
    assertThat(get(first)).isEqualTo("blocked");
    until(calls::isIdle);
  }

  @Test
  void anExecutorThatRunsCallsOnTheSubmittingThreadNestsNone() {
    maxQueuedCalls = 20_000;
    var calls = calls(INLINE);
    CompletableFuture<Void> first =
        CompletableFuture.runAsync(() -> get(add(calls, this::blocked)), executor);
    until(() -> begun.getCount() == 0);
    var futures = new ArrayList<CompletableFuture<String>>();
    Runnable additions =
        () -> {
          for (int i = 0; i < maxQueuedCalls; i++) {
            futures.add(add(calls, () -> "later"));
          }
        };
    var thread = new Thread(null, additions, "", STACK_BYTES);
    thread.start();
    until(() -> !thread.isAlive());
    assertThat(futures).hasSize(maxQueuedCalls);
    futures.forEach(future -> assertThat(future).isCompletedWithValue("later"));
    assertThat(first).isNotDone();
    gate.complete(null);
    get(first);
    until(calls::isIdle);
  }

  @Test
  void aCallThatTheExecutorRunsOnTheSubmittingThreadIsCompleteWithoutTheOthers() {
    var calls = calls(INLINE);
    var first = new AtomicReference<@Nullable CompletableFuture<String>>();
    executor.execute(() -> first.set(add(calls, this::blocked)));
    until(() -> begun.getCount() == 0);
    var second = new CompletableFuture<String>();
    var secondBegun = new CountDownLatch(1);
    var waiting = new AtomicReference<@Nullable CompletableFuture<String>>();
    Supplier<String> work =
        () -> {
          secondBegun.countDown();
          return second.join();
        };
    executor.execute(() -> waiting.set(add(calls, work)));
    until(() -> secondBegun.getCount() == 0);
    gate.complete(null);
    until(() -> first.get() != null);
    assertThat(first.get()).isCompletedWithValue("blocked");
    assertThat(waiting).hasNullValue();
    second.complete("second");
    until(() -> waiting.get() != null);
    assertThat(waiting.get()).isCompletedWithValue("second");
    until(calls::isIdle);
  }

  @Test
  void theExecutorIsNotCalledOnTheThreadThatChecksTimeouts() {
    var submitters = new ArrayList<Thread>();
    var kept = new ArrayList<Runnable>();
    Executor keeping =
        task -> {
          submitters.add(Thread.currentThread());
          kept.add(task);
        };
    var calls = calls(keeping);
    CompletableFuture<String> unused = add(calls, () -> "dropped", in(Duration.ZERO), true);
    CompletableFuture<String> next = add(calls, () -> "next");
    CompletableFuture.runAsync(calls::checkTimeouts, executor).join();
    assertThat(submitters).containsExactly(Thread.currentThread(), Thread.currentThread());
    kept.forEach(Runnable::run);
    assertThat(get(next)).isEqualTo("next");
    assertThat(submitters).hasSize(2);
  }

  @Test
  void aCallThatTimesOutWhileItIsSubmittedReleasesItsPermit() {
    assertReleasesPermits(null);
  }

  @Test
  void aCallThatTimesOutWhileItWaitsOnAThreadOfTheExecutorReleasesItsPermit() {
    assertReleasesPermits(workers);
  }

  private void assertReleasesPermits(@Nullable Executor executor) {
    maxQueuedCalls = 20_000;
    var calls = calls(executor);
    var ended = new AtomicBoolean();
    var checks =
        CompletableFuture.runAsync(
            () -> {
              while (!ended.get()) {
                calls.checkTimeouts();
              }
            },
            workers);
    for (int i = 0; i < 20_000; i++) {
      CompletableFuture<String> late = add(calls, () -> "late", in(Duration.ZERO), true);
      if (i % 100 == 0) {
        until(late::isDone);
      }
    }
    until(calls::isIdle);
    ended.set(true);
    checks.join();
    assertThat(get(add(calls, () -> "next"))).isEqualTo("next");
    until(calls::isIdle);
  }

  @Test
  void aCancelledCallThatTheExecutorNeverStartsReleasesItsPermit() {
    var kept = new ArrayList<Runnable>();
    var calls = calls(kept::add);
    CompletableFuture<String> cancelled = add(calls, () -> "cancelled");
    CompletableFuture<String> next = add(calls, () -> "next");
    assertThat(cancelled.cancel(false)).isTrue();
    calls.checkTimeouts();
    until(() -> kept.size() == 2);
    kept.forEach(Runnable::run);
    assertThat(get(next)).isEqualTo("next");
    until(calls::isIdle);
  }

  @Test
  void oneThreadFailsTheFuturesThatTimeOutTogether() {
    var calls = calls(new ArrayList<Runnable>()::add);
    var futures = new ArrayList<CompletableFuture<String>>();
    for (int i = 0; i < 50; i++) {
      CompletableFuture<String> future = add(calls, () -> "late", in(Duration.ZERO), true);
      futures.add(future);
    }
    var dependent = new CountDownLatch(1);
    CompletableFuture<Object> slow =
        futures
            .get(0)
            .handle(
                (greeting, error) -> {
                  dependent.countDown();
                  gate.join();
                  return error;
                });
    executed.set(0);
    calls.checkTimeouts();
    until(() -> dependent.getCount() == 0 || futures.get(49).isDone());
    int threads = executed.get();
    // the first check may find that some calls have failed in the meantime
    calls.checkTimeouts();
    calls.checkTimeouts();
    futures.forEach(future -> assertFails(future, Code.TIMEOUT));
    // one thread to fail the calls, and one to look for a call to execute
    assertThat(threads).isLessThanOrEqualTo(2);
    assertThat(executed.get()).isLessThanOrEqualTo(4);
    gate.complete(null);
    assertThat(get(slow)).is(error(Code.TIMEOUT));
  }

  @Test
  void aCallInFlightTimesOutOnce() {
    var calls = calls(executor);
    CompletableFuture<String> late = add(calls, this::blocked, in(Duration.ZERO), true);
    until(() -> begun.getCount() == 0);
    var dependent = new CountDownLatch(1);
    var release = new CompletableFuture<Void>();
    CompletableFuture<Object> slow =
        late.handle(
            (greeting, error) -> {
              dependent.countDown();
              release.join();
              return error;
            });
    executed.set(0);
    calls.checkTimeouts();
    until(() -> dependent.getCount() == 0);
    for (int i = 0; i < 10; i++) {
      calls.checkTimeouts();
    }
    assertThat(executed).hasValue(1);
    release.complete(null);
    gate.complete(null);
    assertThat(get(slow)).is(error(Code.TIMEOUT));
    until(calls::isIdle);
  }

  /** Each statement of the call has its own timeout. */
  @Test
  void aCallOfSeveralStatementsDoesNotTimeOutOnceItHasBegun() {
    var calls = calls(executor);
    CompletableFuture<String> all = add(calls, this::blocked, in(Duration.ZERO), false);
    until(() -> begun.getCount() == 0);
    calls.checkTimeouts();
    assertThat(executed).as("threads that fail futures").hasValue(0);
    gate.complete(null);
    assertThat(get(all)).isEqualTo("blocked");
    until(calls::isIdle);
  }

  @Test
  void aCallThatTheExecutorRefusesFailsOnAThreadOfTheClient() {
    var kept = new ArrayList<Runnable>();
    Executor full =
        task -> {
          if (!kept.isEmpty()) {
            throw new RejectedExecutionException("full");
          }
          kept.add(task);
        };
    var calls = calls(full);
    CompletableFuture<String> first = add(calls, () -> "first");
    AsyncCalls.Task<String> second = task(calls, () -> "second", in(CALL_TIMEOUT), true);
    CompletableFuture<Thread> dependent =
        second.handle((greeting, error) -> Thread.currentThread());
    calls.add(second);
    kept.get(0).run();
    assertThat(get(first)).isEqualTo("first");
    assertThat(get(dependent)).isInstanceOf(AsyncWorker.class);
    assertFails(add(calls, () -> "third"), Code.OVERLOADED);
    until(calls::isIdle);
  }

  @Test
  void aCallFailsIfTheExecutorCannotStartAThread() {
    var calls =
        calls(
            task -> {
              throw new OutOfMemoryError("unable to create native thread (of a test)");
            });
    CompletableFuture<String> failed = add(calls, () -> "never");
    assertThatThrownBy(() -> get(failed)).hasMessageContaining("cannot start another thread");
    assertThat(calls.queuedCalls()).isZero();
    until(calls::isIdle);
  }

  @Test
  void callsWaitForAThread() {
    missingThreads.set(3);
    var calls = calls(null);
    List<CompletableFuture<String>> futures = new ArrayList<>();
    for (String answer : List.of("a", "b", "c")) {
      futures.add(add(calls, () -> answer));
    }
    futures.forEach(future -> assertThat(future).isNotDone());
    until(
        () -> {
          calls.checkTimeouts();
          return missingThreads.get() <= 0;
        });
    until(
        () -> {
          calls.checkTimeouts();
          return calls.isIdle();
        });
    assertThat(futures).extracting(AsyncCallsTest::get).containsExactly("a", "b", "c");
  }

  @Test
  void aCallTimesOutThatWaitsForAThread() {
    missingThreads.set(2);
    var calls = calls(null);
    CompletableFuture<String> late = add(calls, () -> "late", in(Duration.ZERO), false);
    until(
        () -> {
          calls.checkTimeouts();
          return late.isDone();
        });
    assertFails(late, Code.TIMEOUT);
    assertThat(get(add(calls, () -> "next"))).isEqualTo("next");
    until(calls::isIdle);
  }

  @Test
  void timeoutIsReportedWithItsReason() {
    var calls =
        new AsyncCalls(
            settings(), null, own, timeout -> Errors.of(Errors.noConnectionWithin(timeout)));
    CompletableFuture<String> first = add(calls, this::blocked);
    CompletableFuture<String> second = add(calls, () -> "late", in(Duration.ZERO), false);
    calls.checkTimeouts();
    assertFails(second, Code.CONNECTION_UNAVAILABLE);
    gate.complete(null);
    assertThat(get(first)).isEqualTo("blocked");
    until(calls::isIdle);
  }

  @Test
  void aCancelledCallFreesItsPlaceInTheQueue() {
    maxQueuedCalls = 2;
    maxQueuedBytes = 2;
    var calls = calls(executor);
    CompletableFuture<String> first = add(calls, this::blocked);
    until(() -> begun.getCount() == 0);
    CompletableFuture<String> cancelled = add(calls, () -> "b");
    CompletableFuture<String> third = add(calls, () -> "c");
    assertThatThrownBy(() -> add(calls, () -> "d")).is(error(Code.OVERLOADED));
    cancelled.cancel(false);
    CompletableFuture<String> fourth = add(calls, () -> "d");
    assertThatThrownBy(() -> add(calls, () -> "e")).is(error(Code.OVERLOADED));
    gate.complete(null);
    assertThat(get(first)).isEqualTo("blocked");
    assertThat(get(third)).isEqualTo("c");
    assertThat(get(fourth)).isEqualTo("d");
    until(calls::isIdle);
  }

  @Test
  void failAllGivesEachFutureASeparateException() {
    var calls = calls(executor);
    List<CompletableFuture<String>> futures = new ArrayList<>();
    futures.add(add(calls, this::blocked));
    until(() -> begun.getCount() == 0);
    futures.add(add(calls, () -> "b"));
    calls.failAll(Errors.closed());
    futures.forEach(future -> assertFails(future, Code.CLOSED));
    assertThat(futures.get(0).handle((greeting, error) -> error).join())
        .isNotSameAs(futures.get(1).handle((greeting, error) -> error).join());
    gate.complete(null);
    until(calls::isIdle);
  }

  private AsyncCalls calls(@Nullable Executor executor) {
    return new AsyncCalls(settings(), executor, own, Errors::timedOut);
  }

  private String blocked() {
    begun.countDown();
    gate.join();
    return "blocked";
  }

  private static CompletableFuture<String> add(AsyncCalls calls, Supplier<String> work) {
    return add(calls, work, in(CALL_TIMEOUT), true);
  }

  private static CompletableFuture<String> add(
      AsyncCalls calls, Supplier<String> work, Deadline deadline, boolean oneStatement) {
    AsyncCalls.Task<String> task = task(calls, work, deadline, oneStatement);
    calls.add(task);
    return task;
  }

  private static AsyncCalls.Task<String> task(
      AsyncCalls calls, Supplier<String> work, Deadline deadline, boolean oneStatement) {
    return calls.task(NameRequest.FUNCTION, ended -> work.get(), 1, deadline, oneStatement);
  }
}
