// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.CallListener.Kind;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.NameRequest;
import io.pghello.extension.batching.internal.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Shows which calls are sent together, and that each call ends exactly once, with its own answer.
 * Needs no server.
 */
class CoalescerTest extends CoalescerFixture {
  @Test
  void aSingleCallerSendsItsOwnStatement() {
    Coalescer<NameRequest, String> coalescer = coalescer();
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
    Coalescer<NameRequest, String> coalescer = coalescer();
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
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b");
    release(coalescer);
    Sent first = sender.next();
    // "b" waits for the permit that "a" holds
    assertThat(coalescer.tryAcquire()).isEqualTo(InFlightLimit.NONE);
    first.answer();
    sender.next().answer();
    assertAnswered(callers);
    assertNothingIsLost(coalescer);
  }

  @Test
  void limitsConcurrentBatches() {
    maxInFlightBatches = 3;
    batchSize = 2;
    Coalescer<NameRequest, String> coalescer = coalescer();
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

  /**
   * It is unknown when the slow statement will end, so the small batch must not wait for that
   * statement to trigger its dispatch.
   */
  @Test
  void smallBatchIsSentOnceALargeOneIsAnsweredDespiteASlowStatement() throws InterruptedException {
    maxInFlightBatches = 2;
    Coalescer<NameRequest, String> coalescer = coalescer();
    acquire(coalescer);
    Thread.sleep(10);
    for (int round = 0; round < 20; round++) {
      List<CompletableFuture<String>> futures = new ArrayList<>();
      acquire(coalescer);
      for (int i = 0; i < 20; i++) {
        futures.addAll(futures(coalescer, "a" + i));
      }
      release(coalescer);
      Sent large = sender.next();
      futures.addAll(futures(coalescer, "b"));
      large.answer();
      while (!futures.stream().allMatch(CompletableFuture::isDone)) {
        answerNext();
        until(() -> futures.stream().allMatch(CompletableFuture::isDone) || sender.isNext());
      }
    }
    release(coalescer);
    assertNothingIsLost(coalescer);
  }

  @Test
  void aBatchHasNoMoreCallsThanAllowed() {
    batchSize = 3;
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b", "c", "d", "e", "f", "g");
    release(coalescer);
    assertThat(answerNext()).containsExactly("a", "b", "c");
    assertThat(answerNext()).containsExactly("d", "e", "f");
    assertThat(answerNext()).containsExactly("g");
    assertAnswered(callers);
    assertNothingIsLost(coalescer);
  }

  /** This way, one batch is sent while the server processes another one. */
  @Test
  void manyCallsAreSplitOverThePermits() {
    maxInFlightBatches = 3;
    maxQueuedCalls = MANY;
    Coalescer<NameRequest, String> coalescer = coalescer(workers);
    String[] names = IntStream.range(0, 600).mapToObj(i -> "u" + i).toArray(String[]::new);
    // calls that a dependent stage adds are sent when all of them are queued
    CompletableFuture<List<CompletableFuture<String>>> added =
        futures(coalescer, "a").get(0).thenApply(greeting -> futures(coalescer, names));
    assertThat(answerNext()).containsExactly("a");
    List<Sent> batches = List.of(sender.next(), sender.next(), sender.next());
    assertThat(batches).allSatisfy(batch -> assertThat(batch.names()).hasSize(200));
    batches.forEach(Sent::answer);
    get(added).forEach(future -> assertThat(get(future)).startsWith("Hello, u"));
    until(coalescer::isIdle);
  }

  @Test
  void aBatchIsFullWhenItHasTheBytes() {
    batchBytes = 8;
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    // after 4 + 3 bytes, one more name fits; after 4 + 4 bytes, the batch is full
    List<Caller> callers = waitingCallers(coalescer, "aaaa", "bbb", "cc", "dddd", "ëë", "f");
    release(coalescer);
    assertThat(answerNext()).containsExactly("aaaa", "bbb", "cc");
    assertThat(answerNext()).containsExactly("dddd", "ëë");
    assertThat(answerNext()).containsExactly("f");
    assertAnswered(callers);
    assertNothingIsLost(coalescer);
  }

  @Test
  void aCallTimesOutWhileItsBatchIsInFlight() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Caller patient = waitingCallers(coalescer, "patient").get(0);
    Caller hasty = new Caller(coalescer, "hasty", SHORT);
    until(hasty::isWaiting);
    release(coalescer);
    Sent batch = sender.next();
    assertThat(batch.thread).isEqualTo(patient.thread);
    assertThat(hasty.outcome())
        .is(error(Code.TIMEOUT))
        .asString()
        .contains("timeout of " + SHORT.toMillis() + " ms");
    assertThat(patient.done.getCount()).isEqualTo(1);
    batch.answer();
    assertAnswered(List.of(patient));
    assertNothingIsLost(coalescer);
  }

  @Test
  void eachCallGetsItsOwnOutcome() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b");
    CompletableFuture<String> future = futures(coalescer, "c").get(0);
    release(coalescer);
    Sent sent = sender.next();
    sent.complete(
        "Hello, a!", Errors.mismatch(NameRequest.FUNCTIONS.extension()), Errors.overloaded());
    assertThat(callers.get(0).outcome()).isEqualTo("Hello, a!");
    assertThat(callers.get(1).outcome()).is(error(Code.RESPONSE_MISMATCH));
    assertFails(future, Code.OVERLOADED);
    assertNothingIsLost(coalescer);
  }

  @Test
  void reportsHowLongTheOldestCallHasWaited() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b");
    long between = callers.get(1).deadline.nanos() - callers.get(0).deadline.nanos();
    release(coalescer);
    Sent sent = sender.next();
    assertThat(sent.context.kind()).isEqualTo(Kind.BATCH);
    assertThat(sent.context.calls()).isEqualTo(2);
    assertThat(sent.context.queueNanos()).isBetween(between, CALL_TIMEOUT.toNanos());
    sent.answer();
    assertAnswered(callers);
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
    Coalescer.Sender<NameRequest> counting =
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
    var coalescer = new Coalescer<NameRequest, String>(settings(), executor, counting);
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
                  NameRequest request = request(thread + "." + c);
                  // some calls time out immediately
                  boolean hasty = random.nextInt(16) == 0;
                  Deadline deadline = in(hasty ? Duration.ofNanos(50_000) : CALL_TIMEOUT);
                  if (thread % 4 == 0) {
                    Call<NameRequest, String> future =
                        Call.ofFuture(request, deadline, Settings.NO_LISTENER);
                    var unused =
                        future.whenComplete(
                            (greeting, error) -> {
                              if (error == null && !greeting(request).equals(greeting)) {
                                wrong.add(greeting);
                              }
                              ended.incrementAndGet();
                            });
                    try {
                      coalescer.add(future);
                    } catch (FunctionCallException e) {
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
                    Code code = outcome instanceof FunctionCallException e ? e.code() : null;
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
