// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloListener.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Shows which calls are sent together, which one leads, and that nothing is lost; without a server.
 */
class CoalescerTest extends CoalescerFixture {
  @Test
  void aSingleCallerSendsItsOwnStatement() {
    Coalescer coalescer = coalescer();
    var caller = new Caller(coalescer, "Ada");
    Sent sent = sender.next();
    assertThat(sent.thread).isEqualTo(caller.thread);
    assertThat(coalescer.isIdle()).isFalse();
    sent.answer();
    assertThat(caller.outcome()).isEqualTo("Hello, Ada!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void queuedCallsAreSentTogetherLedByTheLatestDeadline() {
    Coalescer coalescer = coalescer();
    var first = new Caller(coalescer, "first");
    Sent alone = sender.next();
    List<Caller> others = waitingCallers(coalescer, "b", "c", "d");
    alone.answer();
    Sent batch = sender.next();
    assertThat(batch.names()).containsExactly("b", "c", "d");
    assertThat(batch.thread).isEqualTo(others.get(2).thread);
    assertThat(batch.deadline).isEqualTo(others.get(2).deadline);
    batch.answer();
    assertThat(first.outcome()).isEqualTo("Hello, first!");
    assertAnswered(others);
    assertThat(sender.number()).isEqualTo(2);
    assertNothingIsLost(coalescer);
  }

  @Test
  void aReleasedPermitGoesToTheQueuedCalls() {
    batchSize = 1;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b");
    coalescer.release();
    Sent first = sender.next();
    // "b" waits for the permit that "a" holds
    assertThat(coalescer.tryAcquire()).isFalse();
    first.answer();
    sender.next().answer();
    assertAnswered(callers);
    assertNothingIsLost(coalescer);
  }

  @Test
  void sendsNoMoreBatchesAtOnceThanAllowed() {
    maxInFlightBatches = 3;
    batchSize = 2;
    Coalescer coalescer = coalescer();
    var callers = new ArrayList<Caller>();
    for (int i = 0; i < 20; i++) {
      callers.add(new Caller(coalescer, "u" + i));
    }
    List<Sent> inFlight = List.of(sender.next(), sender.next(), sender.next());
    until(() -> callers.stream().filter(Caller::isWaiting).count() == 17);
    assertThat(sender.number()).isEqualTo(3);
    sender.answerAtOnce = true;
    inFlight.forEach(Sent::answer);
    assertAnswered(callers);
    assertThat(sender.most.get()).isEqualTo(3);
    assertNothingIsLost(coalescer);
  }

  /** While one permit is held, a small batch is sent as soon as the other permit is released. */
  @Test
  void aSmallBatchIsSentWhenALargeOneIsAnswered() {
    maxInFlightBatches = 2;
    Coalescer coalescer = coalescer();
    until(coalescer::tryAcquire);
    for (int round = 0; round < 20; round++) {
      List<CompletableFuture<String>> futures = new ArrayList<>();
      until(coalescer::tryAcquire);
      for (int i = 0; i < 20; i++) {
        futures.addAll(futures(coalescer, "a" + i));
      }
      coalescer.release();
      Sent large = sender.next();
      futures.addAll(futures(coalescer, "b"));
      large.answer();
      while (!futures.stream().allMatch(CompletableFuture::isDone)) {
        answerNext();
        until(() -> futures.stream().allMatch(CompletableFuture::isDone) || sender.isNext());
      }
    }
    coalescer.release();
    assertNothingIsLost(coalescer);
  }

  @Test
  void aBatchHasNoMoreCallsThanAllowed() {
    batchSize = 3;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b", "c", "d", "e", "f", "g");
    coalescer.release();
    assertThat(answerNext()).containsExactly("a", "b", "c");
    assertThat(answerNext()).containsExactly("d", "e", "f");
    assertThat(answerNext()).containsExactly("g");
    assertAnswered(callers);
    assertNothingIsLost(coalescer);
  }

  @Test
  void aBatchIsFullWhenItHasTheBytes() {
    batchBytes = 8;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    // after 4 + 3 bytes one more name fits, after 4 + 4 none does
    List<Caller> callers = waitingCallers(coalescer, "aaaa", "bbb", "cc", "dddd", "ëë", "f");
    coalescer.release();
    assertThat(answerNext()).containsExactly("aaaa", "bbb", "cc");
    assertThat(answerNext()).containsExactly("dddd", "ëë");
    assertThat(answerNext()).containsExactly("f");
    assertAnswered(callers);
    assertNothingIsLost(coalescer);
  }

  @Test
  void theStatementHasTheLatestDeadline() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    Caller hasty = new Caller(coalescer, "hasty", CALL_TIMEOUT.dividedBy(3));
    Caller patient = new Caller(coalescer, "patient", CALL_TIMEOUT);
    until(() -> hasty.isWaiting() && patient.isWaiting());
    Caller last = new Caller(coalescer, "last", CALL_TIMEOUT.dividedBy(2));
    until(last::isWaiting);
    coalescer.release();
    Sent batch = sender.next();
    assertThat(batch.names()).containsExactlyInAnyOrder("hasty", "patient", "last");
    assertThat(batch.thread).isEqualTo(patient.thread);
    assertThat(batch.deadline).isEqualTo(patient.deadline);
    batch.answer();
    assertAnswered(List.of(hasty, patient, last));
    assertNothingIsLost(coalescer);
  }

  @Test
  void aCallTimesOutWhileItsBatchIsInFlight() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    Caller patient = waitingCallers(coalescer, "patient").get(0);
    Caller hasty = new Caller(coalescer, "hasty", SHORT);
    until(hasty::isWaiting);
    coalescer.release();
    Sent batch = sender.next();
    assertThat(batch.thread).isEqualTo(patient.thread);
    assertThat(hasty.outcome())
        .is(error(Code.TIMEOUT))
        .asString()
        .contains("time-out of " + SHORT.toMillis() + " ms");
    assertThat(patient.done.getCount()).isEqualTo(1);
    batch.answer();
    assertAnswered(List.of(patient));
    assertNothingIsLost(coalescer);
  }

  @Test
  void aCallThatIsAddedWithALaterDeadlineLeads() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    Call leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT.dividedBy(2)));
    coalescer.add(leader);
    // assigned, but not running
    coalescer.release();
    Caller patient = waitingCallers(coalescer, "patient").get(0);
    CompletableFuture<Sent> sent =
        CompletableFuture.supplyAsync(
            () -> {
              Sent batch = sender.next();
              batch.answer();
              return batch;
            },
            executor);
    assertThat(coalescer.await(leader, false)).isEqualTo("Hello, leader!");
    assertThat(get(sent).names()).containsExactly("leader", "patient");
    assertThat(get(sent).thread).isEqualTo(patient.thread);
    assertThat(get(sent).deadline).isEqualTo(patient.deadline);
    assertAnswered(List.of(patient));
    assertNothingIsLost(coalescer);
  }

  @Test
  void theExecutorLeadsIfAFutureIsAddedWithALaterDeadline() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    Call leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT.dividedBy(2)));
    coalescer.add(leader);
    coalescer.release();
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    CompletableFuture<Sent> sent =
        CompletableFuture.supplyAsync(
            () -> {
              Sent batch = sender.next();
              batch.answer();
              return batch;
            },
            executor);
    assertThat(coalescer.await(leader, false)).isEqualTo("Hello, leader!");
    assertThat(get(sent).thread).isNotEqualTo(Thread.currentThread());
    assertThat(get(future)).isEqualTo("Hello, future!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void theLeaderSendsCallsThatWereAddedMeanwhile() {
    batchSize = 3;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    Call leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    // assigned, but not running
    coalescer.release();
    List<CompletableFuture<String>> others = futures(coalescer, "b", "c", "d");
    var answering = CompletableFuture.runAsync(() -> sender.next().answer(), executor);
    assertThat(coalescer.await(leader, false)).isEqualTo("Hello, leader!");
    answering.join();
    assertThat(get(others.get(0))).isEqualTo("Hello, b!");
    assertThat(get(others.get(1))).isEqualTo("Hello, c!");
    assertThat(answerNext()).containsExactly("d");
    assertThat(get(others.get(2))).isEqualTo("Hello, d!");
    assertThat(sender.number()).isEqualTo(2);
    assertNothingIsLost(coalescer);
  }

  @Test
  void theExecutorLeadsABatchWhoseLatestDeadlineIsAFutures() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    coalescer.release();
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("thread", "future");
    assertThat(sent.thread).isNotEqualTo(caller.thread);
    sent.answer();
    assertThat(get(future)).isEqualTo("Hello, future!");
    assertThat(caller.outcome()).isEqualTo("Hello, thread!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void dependentsDoNotRunOnTheThreadOfAnotherCaller() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    var ran = new AtomicReference<@Nullable Thread>();
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    CompletableFuture<Void> dependent =
        future.thenAccept(greeting -> ran.set(Thread.currentThread()));
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    coalescer.release();
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("future", "thread");
    assertThat(sent.thread).isEqualTo(caller.thread);
    sent.answer();
    assertThat(caller.outcome()).isEqualTo("Hello, thread!");
    get(dependent);
    assertThat(ran.get()).isNotNull().isNotEqualTo(caller.thread);
    assertNothingIsLost(coalescer);
  }

  @Test
  void aSlowDependentDelaysNoOtherFuture() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    var gate = new CompletableFuture<Void>();
    List<CompletableFuture<String>> all = futures(coalescer, "slow");
    var begun = new CountDownLatch(1);
    CompletableFuture<Void> dependent =
        all.get(0)
            .thenAccept(
                greeting -> {
                  begun.countDown();
                  gate.join();
                });
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    all.addAll(futures(coalescer, "b", "c"));
    coalescer.release();
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("slow", "thread", "b", "c");
    sent.answer();
    assertThat(caller.outcome()).isEqualTo("Hello, thread!");
    until(() -> begun.getCount() == 0);
    coalescer.checkTimeouts();
    assertThat(get(all.get(1))).isEqualTo("Hello, b!");
    assertThat(get(all.get(2))).isEqualTo("Hello, c!");
    until(coalescer::isIdle);
    gate.complete(null);
    get(dependent);
    assertNothingIsLost(coalescer);
  }

  @Test
  void refusesMoreCallsThanFitTheQueue() {
    maxQueuedCalls = 3;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<CompletableFuture<String>> waiting = futures(coalescer, "a", "b", "c");
    assertOverloaded(coalescer, "d");
    coalescer.release();
    answerNext();
    waiting.forEach(future -> assertThat(get(future)).startsWith("Hello, "));
    assertNothingIsLost(coalescer);
  }

  @Test
  void refusesMoreCallsThanFitTheQueueIfTheBytesAreNoMultiple() {
    maxQueuedCalls = 60;
    maxQueuedBytes = 100;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    for (int i = 0; i < 60; i++) {
      futures(coalescer, "");
    }
    assertOverloaded(coalescer, "");
    coalescer.failAll(Errors.closed());
    coalescer.release();
    assertThat(coalescer.isIdle()).isTrue();
  }

  @Test
  void refusesMoreBytesThanFitTheQueue() {
    maxQueuedCalls = 4;
    maxQueuedBytes = 40;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    futures(coalescer, "x".repeat(15), "y".repeat(15));
    assertOverloaded(coalescer, "z".repeat(11));
    // exactly the rest
    futures(coalescer, "z".repeat(10));
    assertOverloaded(coalescer, "");
    coalescer.failAll(Errors.closed());
    // a name longer than the limit fits an empty queue
    List<CompletableFuture<String>> large = futures(coalescer, "l".repeat(1000));
    assertOverloaded(coalescer, "");
    coalescer.release();
    answerNext();
    assertThat(get(large.get(0))).hasSize(1008);
    assertNothingIsLost(coalescer);
  }

  @Test
  void blocksWhileTheQueueIsFull() {
    batchSize = 1;
    maxQueuedCalls = 1;
    blockWhenFull = true;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    Caller waiting = waitingCallers(coalescer, "a").get(0);
    var blocked = new Caller(coalescer, "b");
    until(() -> blocked.isBlocked() && !blocked.isWaiting());
    coalescer.release();
    Sent first = sender.next();
    assertThat(first.names()).containsExactly("a");
    until(blocked::isWaiting);
    first.answer();
    assertThat(answerNext()).containsExactly("b");
    assertAnswered(List.of(waiting, blocked));
    assertNothingIsLost(coalescer);
  }

  @Test
  void isOverloadedIfTheQueueIsFullUntilTheDeadline() {
    maxQueuedCalls = 1;
    blockWhenFull = true;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    CompletableFuture<String> waiting = futures(coalescer, "a").get(0);
    long begin = System.nanoTime();
    assertThat(new Caller(coalescer, "b", SHORT).outcome()).is(error(Code.OVERLOADED));
    assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(SHORT.toNanos());
    coalescer.release();
    answerNext();
    assertThat(get(waiting)).isEqualTo("Hello, a!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void isInterruptedWhileTheQueueIsFull() {
    maxQueuedCalls = 1;
    blockWhenFull = true;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    CompletableFuture<String> waiting = futures(coalescer, "a").get(0);
    var blocked = new Caller(coalescer, "b");
    until(() -> blocked.isBlocked() && !blocked.isWaiting());
    blocked.thread.interrupt();
    assertThat(blocked.outcome()).is(error(Code.INTERRUPTED));
    assertThat(blocked.interrupted).isTrue();
    coalescer.release();
    answerNext();
    assertThat(get(waiting)).isEqualTo("Hello, a!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void aQueuedCallTimesOutAlone() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<Caller> others = waitingCallers(coalescer, "b", "c");
    var hasty = new Caller(coalescer, "hasty", SHORT);
    assertThat(hasty.outcome()).is(error(Code.TIMEOUT));
    assertThat(hasty.deadline.isOver()).isTrue();
    coalescer.release();
    assertThat(answerNext()).containsExactly("b", "c");
    assertAnswered(others);
    assertNothingIsLost(coalescer);
  }

  @Test
  void aCallIsInterruptedAlone() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b", "c");
    callers.get(2).thread.interrupt();
    assertThat(callers.get(2).outcome()).is(error(Code.INTERRUPTED));
    assertThat(callers.get(2).interrupted).isTrue();
    coalescer.release();
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("a", "b");
    // one that is in flight, but does not lead
    callers.get(0).thread.interrupt();
    assertThat(callers.get(0).outcome()).is(error(Code.INTERRUPTED));
    sent.answer();
    assertThat(callers.get(1).outcome()).isEqualTo("Hello, b!");
    assertThat(callers.get(1).interrupted).isFalse();
    assertNothingIsLost(coalescer);
  }

  @Test
  void anotherCallLeadsIfTheLeaderIsInterruptedBeforeItSends() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<Caller> others = waitingCallers(coalescer, "a", "b");
    Call leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    coalescer.release();
    Thread.currentThread().interrupt();
    assertThat(coalescer.await(leader, false)).is(error(Code.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("a", "b");
    assertThat(sent.thread).isEqualTo(others.get(1).thread);
    sent.answer();
    assertAnswered(others);
    assertNothingIsLost(coalescer);
  }

  @Test
  void anotherCallLeadsIfTheLeaderTimesOutBeforeItSends() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    Call leader = Call.ofThread(request("leader"), in(SHORT));
    coalescer.add(leader);
    coalescer.release();
    List<Caller> others = waitingCallers(coalescer, "a", "b");
    until(leader.deadline::isOver);
    assertThat(coalescer.await(leader, false)).is(error(Code.TIMEOUT));
    assertThat(answerNext()).containsExactly("a", "b");
    assertAnswered(others);
    assertNothingIsLost(coalescer);
  }

  @Test
  void theExecutorLeadsIfTheLeaderDoesNotRun() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    CallFuture<String> hasty = future();
    coalescer.add(Call.ofFuture(request("hasty"), in(Duration.ZERO), hasty));
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    Call leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    // assigned, but not running
    coalescer.release();
    assertThat(coalescer.checkTimeouts()).isTrue();
    assertFails(hasty, Code.TIMEOUT);
    assertThat(sender.number()).isZero();
    assertThat(coalescer.checkTimeouts()).isTrue();
    Sent sent = sender.next();
    assertThat(sent.names()).endsWith("future", "thread", "leader");
    assertThat(sent.thread).isNotIn(caller.thread, Thread.currentThread());
    sent.answer();
    assertThat(coalescer.await(leader, false)).isEqualTo("Hello, leader!");
    assertThat(caller.outcome()).isEqualTo("Hello, thread!");
    assertThat(get(future)).isEqualTo("Hello, future!");
    assertThat(sender.number()).isEqualTo(1);
    assertNothingIsLost(coalescer);
  }

  @Test
  void aRevokedLeaderCanBeInterrupted() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    Caller other = waitingCallers(coalescer, "other").get(0);
    Call leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    coalescer.release();
    coalescer.checkTimeouts();
    coalescer.checkTimeouts();
    Sent sent = sender.next();
    Thread.currentThread().interrupt();
    assertThat(coalescer.await(leader, false)).is(error(Code.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
    sent.answer();
    assertAnswered(List.of(other));
    assertNothingIsLost(coalescer);
  }

  @Test
  void aLeaderThatSendsIsNotRevoked() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b");
    coalescer.release();
    Sent sent = sender.next();
    for (int i = 0; i < 3; i++) {
      assertThat(coalescer.checkTimeouts()).isTrue();
    }
    sent.answer();
    assertAnswered(callers);
    assertThat(sender.number()).isEqualTo(1);
    assertNothingIsLost(coalescer);
  }

  @Test
  void aBatchOfALeaderThatDoesNotRunFailsIfTheExecutorIsClosed() {
    Executor closed =
        task -> {
          throw new RejectedExecutionException("closed");
        };
    var coalescer = new Coalescer(settings(), batchSize, closed, sender);
    hold(coalescer);
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    Call leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    coalescer.release();
    coalescer.checkTimeouts();
    coalescer.checkTimeouts();
    assertThat(caller.outcome()).is(error(Code.CLOSED));
    assertThat(coalescer.await(leader, false)).is(error(Code.CLOSED));
    assertNothingIsLost(coalescer);
  }

  @Test
  void closingFailsTheBatchOfALeaderThatDoesNotRun() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    Call leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    coalescer.release();
    coalescer.failAll(Errors.closed());
    assertThat(caller.outcome()).is(error(Code.CLOSED));
    assertThat(coalescer.isIdle()).isTrue();
    assertThat(coalescer.await(leader, false)).is(error(Code.CLOSED));
    assertThat(sender.number()).isZero();
    assertNothingIsLost(coalescer);
  }

  @Test
  void anInterruptDuringTheStatementFailsOnlyTheLeader() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    CompletableFuture<String> future = futures(coalescer, "a").get(0);
    List<Caller> callers = waitingCallers(coalescer, "b", "c");
    coalescer.release();
    Sent sent = sender.next();
    assertThat(sent.thread).isEqualTo(callers.get(1).thread);
    sent.fail(Errors.interrupted());
    assertThat(callers.get(1).outcome()).is(error(Code.INTERRUPTED));
    Sent again = sender.next();
    assertThat(again.names()).containsExactly("a", "b");
    assertThat(again.thread).isEqualTo(callers.get(0).thread);
    again.answer();
    assertThat(callers.get(0).outcome()).isEqualTo("Hello, b!");
    assertThat(get(future)).isEqualTo("Hello, a!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void anInterruptOfTheOnlyCallReleasesThePermit() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a");
    coalescer.release();
    sender.next().fail(Errors.interrupted());
    assertThat(callers.get(0).outcome()).is(error(Code.INTERRUPTED));
    assertNothingIsLost(coalescer);
  }

  @Test
  void eachCallGetsItsOwnOutcome() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b");
    CompletableFuture<String> future = futures(coalescer, "c").get(0);
    coalescer.release();
    Sent sent = sender.next();
    sent.complete("Hello, a!", Errors.mismatch(), Errors.overloaded());
    assertThat(callers.get(0).outcome()).isEqualTo("Hello, a!");
    assertThat(callers.get(1).outcome()).is(error(Code.ANSWER_MISMATCH));
    assertFails(future, Code.OVERLOADED);
    assertNothingIsLost(coalescer);
  }

  @Test
  void theNextBatchIsSentIfTheLeaderWasTheOnlyCall() {
    batchSize = 1;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    Call leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    coalescer.release();
    Caller next = waitingCallers(coalescer, "next").get(0);
    Thread.currentThread().interrupt();
    assertThat(coalescer.await(leader, false)).is(error(Code.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(answerNext()).containsExactly("next");
    assertAnswered(List.of(next));
    assertNothingIsLost(coalescer);
  }

  @Test
  void removingTheLeaderSubtractsItsBytes() {
    batchBytes = 8;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a");
    Call leader = Call.ofThread(request("a leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    coalescer.release();
    callers.addAll(waitingCallers(coalescer, "next"));
    Thread.currentThread().interrupt();
    assertThat(coalescer.await(leader, false)).is(error(Code.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(answerNext()).containsExactly("a", "next");
    assertAnswered(callers);
    assertNothingIsLost(coalescer);
  }

  @Test
  void callsOfDependentsAreSentTogetherAfterwards() {
    Coalescer coalescer = coalescer(workers);
    hold(coalescer);
    CompletableFuture<List<CompletableFuture<String>>> made =
        futures(coalescer, "a").get(0).thenApply(greeting -> futures(coalescer, "b", "c"));
    coalescer.release();
    assertThat(answerNext()).containsExactly("a");
    assertThat(answerNext()).containsExactly("b", "c");
    assertThat(get(get(made).get(1))).isEqualTo("Hello, c!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void callsOfDependentsAreSentWhenTheQueueIsFull() {
    batchSize = 2;
    maxQueuedCalls = 2;
    blockWhenFull = true;
    Coalescer coalescer = coalescer(workers);
    hold(coalescer);
    CompletableFuture<List<CompletableFuture<String>>> made =
        futures(coalescer, "a").get(0).thenApply(greeting -> futures(coalescer, "b", "c", "d"));
    coalescer.release();
    assertThat(answerNext()).containsExactly("a");
    assertThat(answerNext()).containsExactly("b", "c");
    assertThat(answerNext()).containsExactly("d");
    assertThat(get(get(made).get(2))).isEqualTo("Hello, d!");
    until(coalescer::isIdle);
  }

  /** A thread that completes futures blocks in such a call, and so cannot send it afterwards. */
  @Test
  void aBlockingCallOfADependentIsSentAtOnce() {
    Coalescer coalescer = coalescer(workers);
    hold(coalescer);
    CompletableFuture<Object> made =
        futures(coalescer, "a")
            .get(0)
            .thenApply(
                greeting -> {
                  futures(coalescer, "b");
                  return call(coalescer, sender, request("c"), in(CALL_TIMEOUT));
                });
    coalescer.release();
    assertThat(answerNext()).containsExactly("a");
    assertThat(answerNext()).containsExactly("b", "c");
    assertThat(get(made)).isEqualTo("Hello, c!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void aFullQueueIsSentIfAPermitIsAvailable() {
    maxQueuedCalls = 2;
    Coalescer coalescer = coalescer(workers);
    hold(coalescer);
    CompletableFuture<List<CompletableFuture<String>>> made =
        futures(coalescer, "a").get(0).thenApply(greeting -> futures(coalescer, "b", "c", "d"));
    coalescer.release();
    Sent first = sender.next();
    sender.answerAtOnce = true;
    first.answer();
    assertThat(get(get(made).get(0))).isEqualTo("Hello, b!");
    assertThat(get(get(made).get(2))).isEqualTo("Hello, d!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void aFutureThatTheProgramCompletesFreesItsPlaceInTheQueue() {
    maxQueuedCalls = 4;
    maxQueuedBytes = 400;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    String large = "x".repeat(200);
    List<CompletableFuture<String>> futures = futures(coalescer, "a", "b", large);
    assertOverloaded(coalescer, "c");
    futures.get(2).cancel(false);
    // frees the weight of two
    futures.addAll(futures(coalescer, "c", "d"));
    assertOverloaded(coalescer, "e");
    futures.get(1).complete("otherwise");
    futures.addAll(futures(coalescer, "e"));
    futures.get(3).completeExceptionally(new IllegalStateException());
    futures.addAll(futures(coalescer, "f"));
    assertOverloaded(coalescer, "g");
    coalescer.release();
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("a", "d", "e", "f");
    // one in flight is not in the queue
    futures.get(0).cancel(false);
    sent.answer();
    assertThat(get(futures.get(4))).isEqualTo("Hello, d!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void aQueuedCallThatFailsFreesItsPlaceInTheQueue() {
    maxQueuedCalls = 2;
    Coalescer coalescer = coalescer();
    hold(coalescer);
    CallFuture<String> late = future();
    coalescer.add(Call.ofFuture(request("late"), in(Duration.ZERO), late));
    Caller interrupted = waitingCallers(coalescer, "interrupted").get(0);
    assertOverloaded(coalescer, "c");
    coalescer.checkTimeouts();
    assertFails(late, Code.TIMEOUT);
    futures(coalescer, "c");
    assertOverloaded(coalescer, "d");
    interrupted.thread.interrupt();
    assertThat(interrupted.outcome()).is(error(Code.INTERRUPTED));
    futures(coalescer, "d");
    assertOverloaded(coalescer, "e");
    coalescer.release();
    assertThat(answerNext()).containsExactly("c", "d");
    assertNothingIsLost(coalescer);
  }

  @Test
  void aCancelledFutureIsNotSent() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<CompletableFuture<String>> futures = futures(coalescer, "a", "b", "c");
    futures.get(1).cancel(false);
    futures.get(2).complete("otherwise");
    coalescer.release();
    assertThat(answerNext()).containsExactly("a");
    assertThat(get(futures.get(0))).isEqualTo("Hello, a!");
    assertThat(futures.get(1)).isCancelled();
    assertThat(futures.get(2)).isCompletedWithValue("otherwise");
    assertNothingIsLost(coalescer);
  }

  @Test
  void thePermitIsReleasedIfAllCallsHaveEnded() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    futures(coalescer, "a", "b").forEach(future -> future.cancel(false));
    assertThat(new Caller(coalescer, "c", SHORT).outcome()).is(error(Code.TIMEOUT));
    coalescer.release();
    assertThat(sender.number()).isZero();
    assertNothingIsLost(coalescer);
  }

  @Test
  void queuedFuturesTimeOut() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    CallFuture<String> early = future();
    CallFuture<String> late = future();
    coalescer.add(Call.ofFuture(request("early"), in(Duration.ZERO), early));
    coalescer.add(Call.ofFuture(request("late"), in(CALL_TIMEOUT), late));
    assertThat(coalescer.checkTimeouts()).isTrue();
    assertFails(early, Code.TIMEOUT);
    assertThat(late).isNotDone();
    coalescer.release();
    assertThat(answerNext()).containsExactly("late");
    assertThat(get(late)).isEqualTo("Hello, late!");
    until(coalescer::isIdle);
    assertThat(coalescer.checkTimeouts()).isFalse();
    assertNothingIsLost(coalescer);
  }

  @Test
  void futuresInFlightTimeOut() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    CallFuture<String> early = future();
    CallFuture<String> late = future();
    coalescer.add(Call.ofFuture(request("early"), in(SHORT), early));
    coalescer.add(Call.ofFuture(request("late"), in(CALL_TIMEOUT), late));
    coalescer.release();
    Sent sent = sender.next();
    until(
        () -> {
          assertThat(coalescer.checkTimeouts()).isTrue();
          return early.isDone();
        });
    assertFails(early, Code.TIMEOUT);
    assertThat(late).isNotDone();
    sent.answer();
    assertThat(get(late)).isEqualTo("Hello, late!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void aTimedOutFutureIsNotSent() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    CallFuture<String> later = future();
    CallFuture<String> late = future();
    coalescer.add(Call.ofFuture(request("later"), in(Duration.ZERO), later));
    coalescer.add(Call.ofFuture(request("late"), in(Duration.ZERO), late));
    coalescer.release();
    assertFails(late, Code.TIMEOUT);
    assertFails(later, Code.TIMEOUT);
    assertThat(sender.number()).isZero();
    assertNothingIsLost(coalescer);
  }

  @Test
  void aBatchMayChangeDuringTheTimeOutCheck() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    CallFuture<String> late = future();
    coalescer.add(Call.ofFuture(request("late"), in(SHORT), late));
    List<Caller> callers = waitingCallers(coalescer, "b", "c");
    coalescer.release();
    Sent sent = sender.next();
    // while the first call of the batch is checked, the last one is removed
    CompletableFuture<Void> dependent =
        late.handle(
                (greeting, error) -> {
                  sent.fail(Errors.interrupted());
                  return callers.get(1).outcome();
                })
            .thenAccept(outcome -> assertThat(outcome).is(error(Code.INTERRUPTED)));
    until(
        () -> {
          coalescer.checkTimeouts();
          return late.isDone();
        });
    get(dependent);
    answerNext();
    assertThat(callers.get(0).outcome()).isEqualTo("Hello, b!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void closingFailsAllButTheLeader() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    CompletableFuture<String> inFlight = futures(coalescer, "a").get(0);
    List<Caller> callers = waitingCallers(coalescer, "b", "c");
    coalescer.release();
    Sent sent = sender.next();
    List<CompletableFuture<String>> waiting = futures(coalescer, "d", "e");
    Caller waitingCaller = waitingCallers(coalescer, "f").get(0);
    coalescer.failAll(Errors.closed());
    assertFails(inFlight, Code.CLOSED);
    assertThat(callers.get(0).outcome()).is(error(Code.CLOSED));
    waiting.forEach(future -> assertFails(future, Code.CLOSED));
    assertThat(waitingCaller.outcome()).is(error(Code.CLOSED));
    assertThat(callers.get(1).thread.isAlive()).isTrue();
    sent.answer();
    assertThat(callers.get(1).outcome()).isEqualTo("Hello, c!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void futuresFailIfTheExecutorIsClosed() {
    Executor closed =
        task -> {
          throw new RejectedExecutionException("closed");
        };
    var coalescer = new Coalescer(settings(), batchSize, closed, sender);
    hold(coalescer);
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    coalescer.release();
    assertThat(caller.outcome()).is(error(Code.CLOSED));
    assertFails(future, Code.CLOSED);
    assertNothingIsLost(coalescer);
  }

  @Test
  void reportsHowLongTheOldestCallHasWaited() {
    Coalescer coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b");
    long between = callers.get(1).deadline.nanos() - callers.get(0).deadline.nanos();
    coalescer.release();
    Sent sent = sender.next();
    assertThat(sent.context.kind()).isEqualTo(Kind.BATCH);
    assertThat(sent.context.calls()).isEqualTo(2);
    assertThat(sent.context.waitedNanos()).isBetween(between, CALL_TIMEOUT.toNanos());
    sent.answer();
    assertAnswered(callers);
  }

  @Test
  void onlyOneOfLeadOutcomeAndInterruptTakesEffect() {
    var batch = new Batch(1, 1);
    Call leading = Call.ofThread(request("a"), in(CALL_TIMEOUT));
    assertThat(leading.offerLead(batch)).isTrue();
    assertThat(leading.offerLead(new Batch(1, 1))).isFalse();
    endElsewhere(leading);
    assertThat(leading.await(false)).isSameAs(batch);
    Call ended = Call.ofThread(request("b"), in(Duration.ZERO));
    endElsewhere(ended);
    assertThat(ended.offerLead(batch)).isFalse();
    assertThat(ended.await(false)).isEqualTo("ended");
    Call left = Call.ofThread(request("c"), in(CALL_TIMEOUT));
    Thread.currentThread().interrupt();
    assertThat(left.await(false)).is(error(Code.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
    endElsewhere(left);
    assertThat(left.offerLead(batch)).isFalse();
    assertThat(left.get()).is(error(Code.INTERRUPTED));
  }

  private void endElsewhere(Call call) {
    get(CompletableFuture.runAsync(() -> call.complete("ended"), executor));
  }

  @Test
  void everyCallEndsOnceWithItsOwnAnswer() throws Exception {
    maxInFlightBatches = 2;
    batchSize = 16;
    maxQueuedCalls = MANY;
    blockWhenFull = true;
    int threads = 64;
    int calls = 300;
    var most = new AtomicInteger();
    var inFlight = new AtomicInteger();
    var statements = new AtomicInteger();
    Coalescer.Sender counting =
        (requests, context) -> {
          most.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
          int number = statements.incrementAndGet();
          if (number % 64 == 0) {
            LockSupport.parkNanos(200_000);
          }
          Object[] outcomes = requests.stream().map(CoalescerFixture::greeting).toArray();
          if (number % 32 == 0) {
            Arrays.fill(outcomes, Errors.interrupted());
          }
          inFlight.decrementAndGet();
          return outcomes;
        };
    var coalescer = new Coalescer(settings(), batchSize, executor, counting);
    var ended = new AtomicInteger();
    var cancelled = new AtomicInteger();
    Queue<Object> wrong = new ConcurrentLinkedQueue<>();
    var barrier = new CyclicBarrier(threads);
    var tasks = new ArrayList<CompletableFuture<Void>>();
    for (int t = 0; t < threads; t++) {
      int thread = t;
      tasks.add(
          CompletableFuture.runAsync(
              () -> {
                await(barrier);
                var random = ThreadLocalRandom.current();
                for (int c = 0; c < calls; c++) {
                  HelloRequest request = request(thread + "." + c);
                  // some time out immediately
                  boolean hasty = random.nextInt(16) == 0;
                  Deadline deadline = in(hasty ? Duration.ofNanos(50_000) : CALL_TIMEOUT);
                  if (thread % 4 == 0) {
                    CallFuture<String> future = future();
                    var unused =
                        future.whenComplete(
                            (greeting, error) -> {
                              if (error == null && !greeting(request).equals(greeting)) {
                                wrong.add(greeting);
                              }
                              ended.incrementAndGet();
                            });
                    try {
                      coalescer.add(Call.ofFuture(request, deadline, future));
                    } catch (PgHelloException e) {
                      future.fail(e);
                    }
                    if (random.nextInt(16) == 0 && future.cancel(false)) {
                      cancelled.incrementAndGet();
                    }
                  } else {
                    boolean interrupted = random.nextInt(16) == 0;
                    if (interrupted) {
                      Thread.currentThread().interrupt();
                    }
                    Object outcome = call(coalescer, counting, request, deadline);
                    Thread.interrupted();
                    Code code = outcome instanceof PgHelloException e ? e.code() : null;
                    if (!greeting(request).equals(outcome)
                        && code != Code.INTERRUPTED
                        && !(hasty && (code == Code.TIMEOUT || code == Code.OVERLOADED))) {
                      wrong.add(outcome);
                    }
                    ended.incrementAndGet();
                  }
                }
              },
              executor));
    }
    for (CompletableFuture<Void> task : tasks) {
      get(task);
    }
    until(
        () -> {
          coalescer.checkTimeouts();
          return ended.get() >= threads * calls && coalescer.isIdle();
        });
    assertThat(wrong).isEmpty();
    assertThat(ended).hasValue(threads * calls);
    assertThat(most).hasValue(2);
    assertThat(cancelled.get()).isPositive();
    assertThat(statements.get()).isLessThan(threads * calls);
    assertNothingIsLost(coalescer);
  }
}
