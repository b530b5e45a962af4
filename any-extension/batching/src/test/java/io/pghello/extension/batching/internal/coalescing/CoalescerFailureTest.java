// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.NameRequest;
import java.io.Serial;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * Shows that no permit or call is lost after timeouts and errors of threads, and that few threads
 * are started.
 */
class CoalescerFailureTest extends CoalescerFixture {
  private static final int CALLS = 100;

  private final AtomicInteger executed = new AtomicInteger();

  private final Executor counting =
      task -> {
        executed.incrementAndGet();
        executor.execute(task);
      };

  private final AtomicInteger missingThreads = new AtomicInteger();

  /** An executor that at first fails as if the JVM could not start a thread. */
  private final Executor threadless =
      task -> {
        if (missingThreads.getAndDecrement() > 0) {
          throw new OutOfMemoryError("unable to create native thread (of a test)");
        }
        executor.execute(task);
      };

  private final AtomicInteger overflows = new AtomicInteger();

  private final Executor overflowing =
      task -> {
        if (overflows.getAndDecrement() > 0) {
          throw new StackOverflow();
        }
        executor.execute(task);
      };

  @Test
  void oneThreadFailsTheFuturesThatTimeOutTogether() {
    maxQueuedCalls = CALLS;
    Coalescer<NameRequest, String> coalescer = coalescer(counting);
    hold(coalescer);
    List<CompletableFuture<String>> futures = timedOutFutures(coalescer, CALLS);
    coalescer.checkTimeouts();
    futures.forEach(future -> assertFails(future, Code.TIMEOUT));
    assertThat(executed).hasValue(1);
    release(coalescer);
    assertNothingIsLost(coalescer);
  }

  @Test
  void anotherThreadHelpsIfADependentBlocks() {
    Coalescer<NameRequest, String> coalescer = coalescer(counting);
    hold(coalescer);
    var gate = new CompletableFuture<Void>();
    var begun = new CountDownLatch(1);
    List<CompletableFuture<String>> futures = timedOutFutures(coalescer, 3);
    CompletableFuture<Object> dependent =
        futures
            .get(0)
            .handle(
                (greeting, error) -> {
                  begun.countDown();
                  gate.join();
                  return error;
                });
    coalescer.checkTimeouts();
    until(() -> begun.getCount() == 0);
    assertThat(futures.get(1)).isNotDone();
    // this check must not find the same futures again
    coalescer.checkTimeouts();
    assertFails(futures.get(1), Code.TIMEOUT);
    assertFails(futures.get(2), Code.TIMEOUT);
    assertThat(executed).hasValue(2);
    gate.complete(null);
    assertThat(get(dependent)).is(error(Code.TIMEOUT));
    release(coalescer);
    assertNothingIsLost(coalescer);
  }

  @Test
  void futuresInFlightThatTimeOutTogetherAreFailedByOneThread() {
    Coalescer<NameRequest, String> coalescer = coalescer(counting);
    hold(coalescer);
    var futures = new ArrayList<CompletableFuture<String>>();
    Deadline soon = in(SHORT);
    for (int i = 0; i < 10; i++) {
      Call<NameRequest, String> future = future("a" + i, soon);
      coalescer.add(future);
      futures.add(future);
    }
    Caller caller = waitingCallers(coalescer, "b").get(0);
    release(coalescer);
    Sent sent = sender.next();
    until(soon::isOver);
    coalescer.checkTimeouts();
    coalescer.checkTimeouts();
    futures.forEach(future -> assertFails(future, Code.TIMEOUT));
    assertThat(executed.get()).isLessThanOrEqualTo(2);
    sent.answer();
    assertAnswered(List.of(caller));
    assertNothingIsLost(coalescer);
  }

  @Test
  void aCallTimesOutWithoutTheTimer() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> call = Call.ofThread(request("a"), in(SHORT));
    coalescer.add(call);
    assertThat(coalescer.await(call, true)).is(error(Code.TIMEOUT));
    assertThat(call.isOver()).isTrue();
    Call<NameRequest, String> answered = Call.ofThread(request("b"), in(CALL_TIMEOUT));
    coalescer.add(answered);
    sender.answerAtOnce = true;
    release(coalescer);
    assertThat(coalescer.await(answered, true)).isEqualTo("Hello, b!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void aBatchThatTimedOutEndsInOneStep() {
    Coalescer<NameRequest, String> coalescer = coalescer(counting);
    hold(coalescer);
    Deadline soon = in(SHORT);
    var futures = new ArrayList<CompletableFuture<String>>();
    for (int i = 0; i < 10; i++) {
      Call<NameRequest, String> future = future("a" + i, soon);
      coalescer.add(future);
      futures.add(future);
    }
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), soon);
    coalescer.add(leader);
    release(coalescer);
    until(soon::isOver);
    assertThat(coalescer.await(leader, false)).is(error(Code.TIMEOUT));
    futures.forEach(future -> assertFails(future, Code.TIMEOUT));
    assertThat(executed).hasValue(1);
    assertThat(sender.number()).isZero();
    assertNothingIsLost(coalescer);
  }

  @Test
  void aStackOverflowOfTheLeaderFailsOnlyTheLeader() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    release(coalescer);
    sender.failNext(new StackOverflow());
    assertThatThrownBy(() -> coalescer.await(leader, false)).isInstanceOf(StackOverflowError.class);
    assertThat(coalescer.isIdle()).isFalse();
    coalescer.checkTimeouts();
    assertThat(answerNext()).containsExactly("future", "thread");
    assertThat(get(future)).isEqualTo("Hello, future!");
    assertAnswered(List.of(caller));
    assertNothingIsLost(coalescer);
  }

  @Test
  void aStackOverflowOfTheOnlyCallReleasesThePermit() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    release(coalescer);
    sender.failNext(new StackOverflow());
    assertThatThrownBy(() -> coalescer.await(leader, false)).isInstanceOf(StackOverflowError.class);
    coalescer.checkTimeouts();
    assertThat(coalescer.isIdle()).isTrue();
    assertNothingIsLost(coalescer);
  }

  @Test
  void anErrorOnTheExecutorIsRecovered() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    sender.failNext(new StackOverflow());
    release(coalescer);
    until(sender::hasFailed);
    until(
        () -> {
          coalescer.checkTimeouts();
          return sender.isNext();
        });
    assertThat(answerNext()).containsExactly("future");
    assertThat(get(future)).isEqualTo("Hello, future!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void aStackOverflowAfterTheAnswerLosesNoAnswer() {
    Coalescer<NameRequest, String> coalescer = coalescer(overflowing);
    hold(coalescer);
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    release(coalescer);
    sender.answerAtOnce = true;
    overflows.set(1);
    assertThatThrownBy(() -> coalescer.await(leader, false)).isInstanceOf(StackOverflowError.class);
    coalescer.checkTimeouts();
    assertThat(get(future)).isEqualTo("Hello, future!");
    assertAnswered(List.of(caller));
    assertThat(sender.number()).isEqualTo(1);
    assertNothingIsLost(coalescer);
  }

  @Test
  void aStackOverflowOfTheThreadThatReleasesAPermitLosesNoCall() {
    Coalescer<NameRequest, String> coalescer = coalescer(overflowing);
    hold(coalescer);
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    overflows.set(1);
    assertThatThrownBy(() -> release(coalescer)).isInstanceOf(StackOverflowError.class);
    coalescer.checkTimeouts();
    assertThat(answerNext()).containsExactly("future");
    assertThat(get(future)).isEqualTo("Hello, future!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void eachFutureFailsWithASeparateException() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<CompletableFuture<String>> futures = futures(coalescer, "a", "b", "c");
    release(coalescer);
    sender.next().fail(Errors.mismatch(NameRequest.FUNCTIONS.extension()));
    var errors = Collections.newSetFromMap(new IdentityHashMap<Object, Boolean>());
    for (CompletableFuture<String> future : futures) {
      assertFails(future, Code.RESPONSE_MISMATCH);
      errors.add(future.handle((greeting, error) -> error).join());
    }
    assertThat(errors).hasSize(3);
    assertNothingIsLost(coalescer);
  }

  @Test
  void anErrorAfterTheLeaderWasRemovedLosesNoCall() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    release(coalescer);
    sender.failNext(new StackOverflow());
    Thread.currentThread().interrupt();
    Object outcome = coalescer.await(leader, false);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(outcome).is(error(Code.INTERRUPTED));
    until(sender::hasFailed);
    until(
        () -> {
          coalescer.checkTimeouts();
          return sender.isNext();
        });
    assertThat(answerNext()).containsExactly("future");
    assertThat(get(future)).isEqualTo("Hello, future!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void futuresWaitForAThread() {
    batchSize = 1;
    maxInFlightBatches = 2;
    Coalescer<NameRequest, String> coalescer = coalescer(threadless);
    hold(coalescer);
    List<CompletableFuture<String>> futures = futures(coalescer, "a", "b", "c");
    missingThreads.set(4);
    release(coalescer);
    release(coalescer);
    coalescer.checkTimeouts();
    assertThat(missingThreads).hasValue(0);
    futures.forEach(future -> assertThat(future).isNotDone());
    sender.answerAtOnce = true;
    until(
        () -> {
          coalescer.checkTimeouts();
          return futures.stream().allMatch(CompletableFuture::isDone);
        });
    for (CompletableFuture<String> future : futures) {
      assertThat(get(future)).startsWith("Hello, ");
    }
    assertNothingIsLost(coalescer);
  }

  @Test
  void callsTimeOutWhileNoThreadCanBeStarted() {
    Coalescer<NameRequest, String> coalescer = coalescer(threadless);
    hold(coalescer);
    Deadline soon = in(SHORT);
    Call<NameRequest, String> late = Call.ofThread(request("late"), soon);
    coalescer.add(late);
    Call<NameRequest, String> future = future("future", soon);
    coalescer.add(future);
    missingThreads.set(Integer.MAX_VALUE);
    release(coalescer);
    until(
        () -> {
          coalescer.checkTimeouts();
          return late.isEnded();
        });
    assertThat(coalescer.await(late, false)).is(error(Code.TIMEOUT));
    assertThat(future).isNotDone();
    missingThreads.set(0);
    until(
        () -> {
          coalescer.checkTimeouts();
          return future.isDone();
        });
    assertFails(future, Code.TIMEOUT);
    until(
        () -> {
          coalescer.checkTimeouts();
          return coalescer.isIdle();
        });
    assertThat(sender.number()).isZero();
    assertNothingIsLost(coalescer);
  }

  @Test
  void dependentsRunOnNoOtherThreadWhereTheirsCannotBeStarted() {
    Coalescer<NameRequest, String> coalescer = coalescer(threadless);
    hold(coalescer);
    CompletableFuture<Thread> dependent =
        futures(coalescer, "future").get(0).thenApply(greeting -> Thread.currentThread());
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    missingThreads.set(2);
    release(coalescer);
    answerNext();
    assertAnswered(List.of(caller));
    until(() -> missingThreads.get() == 1);
    coalescer.checkTimeouts();
    assertThat(missingThreads).hasValue(0);
    assertThat(dependent).isNotDone();
    coalescer.checkTimeouts();
    assertThat(get(dependent)).isNotEqualTo(caller.thread).isNotEqualTo(Thread.currentThread());
    assertNothingIsLost(coalescer);
  }

  @Test
  void callsOfABatchFailWithTheirOwnTimeouts() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> future = future("future", in(Duration.ofMillis(20_001)));
    coalescer.add(future);
    Caller leader = waitingCallers(coalescer, "leader").get(0);
    release(coalescer);
    Sent sent = sender.next();
    sent.fail(Errors.timedOut(sent.deadline.timeout()));
    assertThat(leader.outcome())
        .isInstanceOf(FunctionCallException.class)
        .hasToString(Errors.timedOut(CALL_TIMEOUT).toString());
    assertFails(future, Code.TIMEOUT);
    assertThat(future.handle((greeting, error) -> error.getMessage()).join()).contains("20001 ms");
    assertNothingIsLost(coalescer);
  }

  /** A simulated error, so that the tests need not fill a stack. It has no stack trace. */
  private static final class StackOverflow extends StackOverflowError {
    @Serial private static final long serialVersionUID = 1L;

    @Override
    public Throwable fillInStackTrace() {
      return this;
    }
  }

  private static List<CompletableFuture<String>> timedOutFutures(
      Coalescer<NameRequest, String> coalescer, int number) {
    var futures = new ArrayList<CompletableFuture<String>>();
    for (int i = 0; i < number; i++) {
      Call<NameRequest, String> future = future("a" + i, in(Duration.ZERO));
      coalescer.add(future);
      futures.add(future);
    }
    return futures;
  }
}
