// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.NameRequest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Shows which calls the queue accepts, and when they leave it. */
class CoalescerQueueTest extends CoalescerFixture {
  @Test
  void refusesMoreCallsThanFitTheQueue() {
    maxQueuedCalls = 3;
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<CompletableFuture<String>> waiting = futures(coalescer, "a", "b", "c");
    assertOverloaded(coalescer, "d");
    release(coalescer);
    answerNext();
    waiting.forEach(future -> assertThat(get(future)).startsWith("Hello, "));
    assertNothingIsLost(coalescer);
  }

  @Test
  void refusesMoreCallsThanFitTheQueueIfTheBytesAreNoMultiple() {
    maxQueuedCalls = 60;
    maxQueuedBytes = 100;
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    for (int i = 0; i < 60; i++) {
      futures(coalescer, "");
    }
    assertOverloaded(coalescer, "");
    coalescer.failAll(Errors.closed());
    release(coalescer);
    until(coalescer::isIdle);
  }

  @Test
  void refusesMoreBytesThanFitTheQueueIfMoreCallsWould() {
    maxQueuedCalls = 60;
    maxQueuedBytes = 10;
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    futures(coalescer, "x".repeat(9));
    assertOverloaded(coalescer, "yy");
    futures(coalescer, "y");
    assertOverloaded(coalescer, "");
    coalescer.failAll(Errors.closed());
    release(coalescer);
    until(coalescer::isIdle);
  }

  @Test
  void refusesMoreBytesThanFitTheQueue() {
    maxQueuedCalls = 4;
    maxQueuedBytes = 40;
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    futures(coalescer, "x".repeat(15), "y".repeat(15));
    assertOverloaded(coalescer, "z".repeat(11));
    // this name uses exactly the remaining capacity
    futures(coalescer, "z".repeat(10));
    assertOverloaded(coalescer, "");
    coalescer.failAll(Errors.closed());
    // a name longer than the limit fits an empty queue
    List<CompletableFuture<String>> large = futures(coalescer, "l".repeat(1000));
    assertOverloaded(coalescer, "");
    release(coalescer);
    answerNext();
    assertThat(get(large.get(0))).hasSize(1008);
    assertNothingIsLost(coalescer);
  }

  @Test
  void blocksWhileTheQueueIsFull() {
    batchSize = 1;
    maxQueuedCalls = 1;
    blockWhenFull = true;
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Caller waiting = waitingCallers(coalescer, "a").get(0);
    var blocked = new Caller(coalescer, "b");
    until(() -> blocked.isBlocked() && !blocked.isWaiting());
    release(coalescer);
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
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    CompletableFuture<String> waiting = futures(coalescer, "a").get(0);
    long begin = System.nanoTime();
    assertThat(new Caller(coalescer, "b", SHORT).outcome()).is(error(Code.OVERLOADED));
    assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(SHORT.toNanos());
    release(coalescer);
    answerNext();
    assertThat(get(waiting)).isEqualTo("Hello, a!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void isInterruptedWhileTheQueueIsFull() {
    maxQueuedCalls = 1;
    blockWhenFull = true;
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    CompletableFuture<String> waiting = futures(coalescer, "a").get(0);
    var blocked = new Caller(coalescer, "b");
    until(() -> blocked.isBlocked() && !blocked.isWaiting());
    blocked.thread.interrupt();
    assertThat(blocked.outcome()).is(error(Code.INTERRUPTED));
    assertThat(blocked.interrupted).isTrue();
    release(coalescer);
    answerNext();
    assertThat(get(waiting)).isEqualTo("Hello, a!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void timeoutOfAQueuedCallDoesNotAffectOthers() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<Caller> others = waitingCallers(coalescer, "b", "c");
    var hasty = new Caller(coalescer, "hasty", SHORT);
    assertThat(hasty.outcome()).is(error(Code.TIMEOUT));
    assertThat(hasty.deadline.isOver()).isTrue();
    release(coalescer);
    assertThat(answerNext()).containsExactly("b", "c");
    assertAnswered(others);
    assertNothingIsLost(coalescer);
  }

  @Test
  void interruptEndsOnlyOneCall() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<Caller> callers = waitingCallers(coalescer, "a", "b", "c");
    callers.get(2).thread.interrupt();
    assertThat(callers.get(2).outcome()).is(error(Code.INTERRUPTED));
    assertThat(callers.get(2).interrupted).isTrue();
    release(coalescer);
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("a", "b");
    // interrupt a call that is in flight but does not lead the batch
    callers.get(0).thread.interrupt();
    assertThat(callers.get(0).outcome()).is(error(Code.INTERRUPTED));
    sent.answer();
    assertThat(callers.get(1).outcome()).isEqualTo("Hello, b!");
    assertThat(callers.get(1).interrupted).isFalse();
    assertNothingIsLost(coalescer);
  }

  @Test
  void callsOfDependentsAreSentWhenTheQueueIsFull() {
    batchSize = 2;
    maxQueuedCalls = 2;
    blockWhenFull = true;
    Coalescer<NameRequest, String> coalescer = coalescer(workers);
    hold(coalescer);
    CompletableFuture<List<CompletableFuture<String>>> made =
        futures(coalescer, "a").get(0).thenApply(greeting -> futures(coalescer, "b", "c", "d"));
    release(coalescer);
    assertThat(answerNext()).containsExactly("a");
    assertThat(answerNext()).containsExactly("b", "c");
    assertThat(answerNext()).containsExactly("d");
    assertThat(get(get(made).get(2))).isEqualTo("Hello, d!");
    until(coalescer::isIdle);
  }

  @Test
  void aFullQueueIsSentIfAPermitIsAvailable() {
    maxQueuedCalls = 2;
    Coalescer<NameRequest, String> coalescer = coalescer(workers);
    hold(coalescer);
    CompletableFuture<List<CompletableFuture<String>>> made =
        futures(coalescer, "a").get(0).thenApply(greeting -> futures(coalescer, "b", "c", "d"));
    release(coalescer);
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
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    String large = "x".repeat(200);
    List<CompletableFuture<String>> futures = futures(coalescer, "a", "b", large);
    assertOverloaded(coalescer, "c");
    futures.get(2).cancel(false);
    // the cancelled call frees enough capacity for two calls
    futures.addAll(futures(coalescer, "c", "d"));
    assertOverloaded(coalescer, "e");
    futures.get(1).complete("otherwise");
    futures.addAll(futures(coalescer, "e"));
    futures.get(3).completeExceptionally(new IllegalStateException());
    futures.addAll(futures(coalescer, "f"));
    assertOverloaded(coalescer, "g");
    release(coalescer);
    Sent sent = sender.next();
    assertThat(sent.names()).containsExactly("a", "d", "e", "f");
    // a call in flight is no longer in the queue
    futures.get(0).cancel(false);
    sent.answer();
    assertThat(get(futures.get(4))).isEqualTo("Hello, d!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void aQueuedCallThatFailsFreesItsPlaceInTheQueue() {
    maxQueuedCalls = 2;
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> late = future("late", in(Duration.ZERO));
    coalescer.add(late);
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
    release(coalescer);
    assertThat(answerNext()).containsExactly("c", "d");
    assertNothingIsLost(coalescer);
  }

  @Test
  void aCancelledFutureIsNotSent() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    List<CompletableFuture<String>> futures = futures(coalescer, "a", "b", "c");
    futures.get(1).cancel(false);
    futures.get(2).complete("otherwise");
    release(coalescer);
    assertThat(answerNext()).containsExactly("a");
    assertThat(get(futures.get(0))).isEqualTo("Hello, a!");
    assertThat(futures.get(1)).isCancelled();
    assertThat(futures.get(2)).isCompletedWithValue("otherwise");
    assertNothingIsLost(coalescer);
  }

  @Test
  void thePermitIsReleasedIfAllCallsHaveEnded() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    futures(coalescer, "a", "b").forEach(future -> future.cancel(false));
    assertThat(new Caller(coalescer, "c", SHORT).outcome()).is(error(Code.TIMEOUT));
    release(coalescer);
    assertThat(sender.number()).isZero();
    assertNothingIsLost(coalescer);
  }
}
