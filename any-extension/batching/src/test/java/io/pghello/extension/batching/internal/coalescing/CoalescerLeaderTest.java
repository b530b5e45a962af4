// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.NameRequest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

/** Shows which call leads a batch, and how the batch is sent if that call's thread does not run. */
class CoalescerLeaderTest extends CoalescerFixture {
  private final Deque<Sent> held = new ArrayDeque<>();

  @Test
  void theStatementHasTheLatestDeadline() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Caller hasty = new Caller(coalescer, "hasty", CALL_TIMEOUT.dividedBy(3));
    Caller patient = new Caller(coalescer, "patient", CALL_TIMEOUT);
    until(() -> hasty.isWaiting() && patient.isWaiting());
    Caller last = new Caller(coalescer, "last", CALL_TIMEOUT.dividedBy(2));
    until(last::isWaiting);
    release(coalescer);
    Sent batch = sender.next();
    assertThat(batch.names()).containsExactlyInAnyOrder("hasty", "patient", "last");
    assertThat(batch.thread).isEqualTo(patient.thread);
    assertThat(batch.deadline).isEqualTo(patient.deadline);
    batch.answer();
    assertAnswered(List.of(hasty, patient, last));
    assertNothingIsLost(coalescer);
  }

  @Test
  void aCallThatIsAddedWithALaterDeadlineLeads() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> leader =
        Call.ofThread(request("leader"), in(CALL_TIMEOUT.dividedBy(2)));
    coalescer.add(leader);
    // the call is assigned as the leader, but its thread does not run
    release(coalescer);
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

  /** A virtual thread may lose its carrier while it holds the answers of the other calls. */
  @Test
  @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "needs virtual threads")
  void virtualThreadDoesNotLeadCallsOfPlatformThreads() throws Exception {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Caller platform = waitingCallers(coalescer, "platform").get(0);
    CompletableFuture<Object> virtual =
        virtually(() -> call(coalescer, sender, request("virtual"), in(CALL_TIMEOUT)));
    until(() -> coalescer.queuedCalls() == 2);
    release(coalescer);
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("platform", "virtual");
    assertThat(sent.thread).isEqualTo(platform.thread);
    sent.answer();
    assertAnswered(List.of(platform));
    assertThat(get(virtual)).isEqualTo("Hello, virtual!");
    assertNothingIsLost(coalescer);
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "needs virtual threads")
  void theExecutorLeadsIfAVirtualThreadHasMuchMoreTimeThanOthers() throws Exception {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    var hasty = new Caller(coalescer, "hasty", CALL_TIMEOUT.dividedBy(2));
    until(hasty::isWaiting);
    Deadline latest = in(CALL_TIMEOUT);
    CompletableFuture<Object> virtual =
        virtually(() -> call(coalescer, sender, request("virtual"), latest));
    until(() -> coalescer.queuedCalls() == 2);
    release(coalescer);
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("hasty", "virtual");
    assertThat(sent.thread.getName()).startsWith("pool-");
    assertThat(sent.deadline).isEqualTo(latest);
    sent.answer();
    assertAnswered(List.of(hasty));
    assertThat(get(virtual)).isEqualTo("Hello, virtual!");
    assertNothingIsLost(coalescer);
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "needs virtual threads")
  void virtualThreadPassesTheLeadToAPlatformThread() throws Exception {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    var run = new CountDownLatch(1);
    CompletableFuture<Object> virtual =
        virtually(
            () -> {
              Call<NameRequest, String> call = Call.ofThread(request("virtual"), in(CALL_TIMEOUT));
              coalescer.add(call);
              run.await();
              return coalescer.await(call, false);
            });
    until(() -> coalescer.queuedCalls() == 1);
    // the call is assigned as the leader, but its thread does not run
    release(coalescer);
    Caller platform = waitingCallers(coalescer, "platform").get(0);
    run.countDown();
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("virtual", "platform");
    assertThat(sent.thread).isEqualTo(platform.thread);
    sent.answer();
    assertAnswered(List.of(platform));
    assertThat(get(virtual)).isEqualTo("Hello, virtual!");
    assertNothingIsLost(coalescer);
  }

  /** Virtual threads may get no carrier after their statements, and then keep their permits. */
  @Test
  @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "needs virtual threads")
  void virtualThreadsThatHoldAllPermitsKeepNoOthersWaiting() throws Exception {
    maxInFlightBatches = 2;
    Coalescer<NameRequest, String> coalescer = coalescer();
    List<CompletableFuture<Object>> holders = holdByVirtualThreads(coalescer);
    List<Caller> platform = waitingCallers(coalescer, "platform");
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    untilSentByCheck(coalescer);
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("platform", "future");
    // only one statement uses the reserve permit at a time
    List<Caller> later = waitingCallers(coalescer, "later");
    coalescer.checkTimeouts();
    assertThat(later.get(0).isWaiting()).isTrue();
    sent.answer();
    assertAnswered(platform);
    assertThat(get(future)).isEqualTo("Hello, future!");
    untilSentByCheck(coalescer);
    assertThat(answerNext()).containsExactly("later");
    assertAnswered(later);
    assertThat(holders).noneMatch(CompletableFuture::isDone);
    assertThat(coalescer.isIdle()).isFalse();
    answerHolders(holders);
    assertNothingIsLost(coalescer);
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "needs virtual threads")
  void noVirtualThreadLeadsWhileVirtualThreadsHoldAllPermits() throws Exception {
    maxInFlightBatches = 2;
    batchSize = 1;
    Coalescer<NameRequest, String> coalescer = coalescer();
    List<CompletableFuture<Object>> holders = holdByVirtualThreads(coalescer);
    CompletableFuture<Object> virtual =
        virtually(() -> call(coalescer, sender, request("virtual"), in(CALL_TIMEOUT)));
    until(() -> coalescer.queuedCalls() == 1);
    List<Caller> platform = waitingCallers(coalescer, "platform");
    untilSentByCheck(coalescer);
    Sent first = sender.next();
    assertThat(first.names()).containsExactly("virtual");
    assertThat(first.thread.getName()).startsWith("pool-");
    first.answer();
    untilSentByCheck(coalescer);
    assertThat(answerNext()).containsExactly("platform");
    assertAnswered(platform);
    assertThat(get(virtual)).isEqualTo("Hello, virtual!");
    answerHolders(holders);
    assertNothingIsLost(coalescer);
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "needs virtual threads")
  void noMoreIsSentAtATimeThanAllowedIfOnlyVirtualThreadsWait() throws Exception {
    maxInFlightBatches = 2;
    Coalescer<NameRequest, String> coalescer = coalescer();
    List<CompletableFuture<Object>> holders = holdByVirtualThreads(coalescer);
    CompletableFuture<Object> virtual =
        virtually(() -> call(coalescer, sender, request("virtual"), in(CALL_TIMEOUT)));
    until(() -> coalescer.queuedCalls() == 1);
    long begin = System.nanoTime();
    until(() -> System.nanoTime() - begin > Duration.ofMillis(10).toNanos());
    coalescer.checkTimeouts();
    assertThat(coalescer.queuedCalls()).isEqualTo(1);
    answerHolders(holders);
    assertThat(answerNext()).containsExactly("virtual");
    assertThat(get(virtual)).isEqualTo("Hello, virtual!");
    assertThat(sender.most).hasValue(2);
    assertNothingIsLost(coalescer);
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "needs virtual threads")
  void noMoreIsSentAtATimeThanAllowedIfAnotherThreadHoldsAPermit() throws Exception {
    maxInFlightBatches = 2;
    Coalescer<NameRequest, String> coalescer = coalescer();
    acquire(coalescer);
    CompletableFuture<Object> holder =
        virtually(() -> call(coalescer, sender, request("holder"), in(CALL_TIMEOUT)));
    Sent held = sender.next();
    List<Caller> platform = waitingCallers(coalescer, "platform");
    long begin = System.nanoTime();
    until(() -> System.nanoTime() - begin > Duration.ofMillis(10).toNanos());
    coalescer.checkTimeouts();
    assertThat(coalescer.queuedCalls()).isEqualTo(1);
    release(coalescer);
    assertThat(answerNext()).containsExactly("platform");
    assertAnswered(platform);
    held.answer();
    assertThat(get(holder)).isEqualTo("Hello, holder!");
    assertNothingIsLost(coalescer);
  }

  /** Acquires all permits with calls on virtual threads, each in its own statement. */
  private List<CompletableFuture<Object>> holdByVirtualThreads(
      Coalescer<NameRequest, String> coalescer) throws Exception {
    var holders = new ArrayList<CompletableFuture<Object>>();
    for (int i = 0; i < maxInFlightBatches; i++) {
      holders.add(virtually(() -> call(coalescer, sender, request("holder"), in(CALL_TIMEOUT))));
      held.add(sender.next());
    }
    assertThat(coalescer.tryAcquire()).isEqualTo(InFlightLimit.NONE);
    return holders;
  }

  private void answerHolders(List<CompletableFuture<Object>> holders) {
    held.forEach(Sent::answer);
    holders.forEach(holder -> assertThat(get(holder)).isEqualTo("Hello, holder!"));
  }

  private void untilSentByCheck(Coalescer<NameRequest, String> coalescer) {
    until(
        () -> {
          coalescer.checkTimeouts();
          return sender.isNext();
        });
  }

  /**
   * Runs a task on a virtual thread. Uses reflection, because the oldest supported JDK has no
   * virtual threads.
   */
  private static CompletableFuture<Object> virtually(Callable<Object> task) throws Exception {
    var outcome = new CompletableFuture<Object>();
    Runnable run =
        () -> {
          try {
            outcome.complete(task.call());
          } catch (Exception e) {
            outcome.completeExceptionally(e);
          }
        };
    Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, run);
    return outcome;
  }

  @Test
  void theExecutorLeadsIfAFutureIsAddedWithALaterDeadline() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> leader =
        Call.ofThread(request("leader"), in(CALL_TIMEOUT.dividedBy(2)));
    coalescer.add(leader);
    release(coalescer);
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
  void leaderSendsCallsThatWereAddedLater() {
    batchSize = 3;
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    // the call is assigned as the leader, but its thread does not run
    release(coalescer);
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
  void executorLeadsABatchIfAFutureHasTheLatestDeadline() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    release(coalescer);
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("thread", "future");
    assertThat(sent.thread).isNotEqualTo(caller.thread);
    sent.answer();
    assertThat(get(future)).isEqualTo("Hello, future!");
    assertThat(caller.outcome()).isEqualTo("Hello, thread!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void anotherCallLeadsIfTheLeaderIsInterruptedBeforeItSends() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<Caller> others = waitingCallers(coalescer, "a", "b");
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    release(coalescer);
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
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), in(SHORT));
    coalescer.add(leader);
    release(coalescer);
    List<Caller> others = waitingCallers(coalescer, "a", "b");
    until(leader::isOver);
    assertThat(coalescer.await(leader, false)).is(error(Code.TIMEOUT));
    assertThat(answerNext()).containsExactly("a", "b");
    assertAnswered(others);
    assertNothingIsLost(coalescer);
  }

  @Test
  void theExecutorLeadsIfTheLeaderDoesNotRun() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> hasty = future("hasty", in(Duration.ZERO));
    coalescer.add(hasty);
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    // the call is assigned as the leader, but its thread does not run
    release(coalescer);
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
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Caller other = waitingCallers(coalescer, "other").get(0);
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    release(coalescer);
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
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b");
    release(coalescer);
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
  void closingFailsTheBatchOfALeaderThatDoesNotRun() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    release(coalescer);
    coalescer.failAll(Errors.closed());
    assertThat(caller.outcome()).is(error(Code.CLOSED));
    assertThat(coalescer.isIdle()).isTrue();
    assertThat(coalescer.await(leader, false)).is(error(Code.CLOSED));
    assertThat(sender.number()).isZero();
    assertNothingIsLost(coalescer);
  }

  @Test
  void anInterruptDuringTheStatementFailsOnlyTheLeader() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    CompletableFuture<String> future = futures(coalescer, "a").get(0);
    List<Caller> callers = waitingCallers(coalescer, "b", "c");
    release(coalescer);
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
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a");
    release(coalescer);
    sender.next().fail(Errors.interrupted());
    assertThat(callers.get(0).outcome()).is(error(Code.INTERRUPTED));
    assertNothingIsLost(coalescer);
  }

  @Test
  void theNextBatchIsSentIfTheLeaderWasTheOnlyCall() {
    batchSize = 1;
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> leader = Call.ofThread(request("leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    release(coalescer);
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
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a");
    Call<NameRequest, String> leader = Call.ofThread(request("a leader"), in(CALL_TIMEOUT));
    coalescer.add(leader);
    release(coalescer);
    callers.addAll(waitingCallers(coalescer, "next"));
    Thread.currentThread().interrupt();
    assertThat(coalescer.await(leader, false)).is(error(Code.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(answerNext()).containsExactly("a", "next");
    assertAnswered(callers);
    assertNothingIsLost(coalescer);
  }

  @Test
  void closingFailsAllButTheLeader() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    CompletableFuture<String> inFlight = futures(coalescer, "a").get(0);
    List<Caller> callers = waitingCallers(coalescer, "b", "c");
    release(coalescer);
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
  void onlyOneOfLeadOutcomeAndInterruptTakesEffect() {
    var batch = new Batch<NameRequest, String>(0, false, 1, 1);
    Call<NameRequest, String> leading = Call.ofThread(request("a"), in(CALL_TIMEOUT));
    assertThat(leading.offerLead(batch)).isTrue();
    assertThat(leading.offerLead(new Batch<>(0, false, 1, 1))).isFalse();
    endElsewhere(leading);
    assertThat(leading.await(false)).isSameAs(batch);
    Call<NameRequest, String> ended = Call.ofThread(request("b"), in(Duration.ZERO));
    endElsewhere(ended);
    assertThat(ended.offerLead(batch)).isFalse();
    assertThat(ended.await(false)).isEqualTo("ended");
    Call<NameRequest, String> left = Call.ofThread(request("c"), in(CALL_TIMEOUT));
    Thread.currentThread().interrupt();
    assertThat(left.await(false)).is(error(Code.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
    endElsewhere(left);
    assertThat(left.offerLead(batch)).isFalse();
    assertThat(left.outcome()).is(error(Code.INTERRUPTED));
  }

  @Test
  void aFutureExpiresOnce() {
    Call<NameRequest, String> call = future("a", in(Duration.ZERO));
    assertThat(call.isEnded()).isFalse();
    assertThat(call.expire()).isTrue();
    assertThat(call.isEnded()).isTrue();
    assertThat(call.expire()).isFalse();
  }

  private void endElsewhere(Call<NameRequest, String> call) {
    get(CompletableFuture.runAsync(() -> call.end("ended"), executor));
  }
}
