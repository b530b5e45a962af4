// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.NameRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shows which threads complete futures, and when. */
class CoalescerFutureTest extends CoalescerFixture {
  @Test
  void dependentsDoNotRunOnTheThreadOfAnotherCaller() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    var ran = new AtomicReference<@Nullable Thread>();
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    CompletableFuture<Void> dependent =
        future.thenAccept(greeting -> ran.set(Thread.currentThread()));
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    release(coalescer);
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
    Coalescer<NameRequest, String> coalescer = coalescer();
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
    release(coalescer);
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
  void callsOfDependentsAreSentTogetherAfterwards() {
    Coalescer<NameRequest, String> coalescer = coalescer(workers);
    hold(coalescer);
    CompletableFuture<List<CompletableFuture<String>>> made =
        futures(coalescer, "a").get(0).thenApply(greeting -> futures(coalescer, "b", "c"));
    release(coalescer);
    assertThat(answerNext()).containsExactly("a");
    assertThat(answerNext()).containsExactly("b", "c");
    assertThat(get(get(made).get(1))).isEqualTo("Hello, c!");
    assertNothingIsLost(coalescer);
  }

  /**
   * The thread that completes the futures is blocked in this call, so it cannot send the call
   * afterwards.
   */
  @Test
  void blockingCallOfADependentIsSentImmediately() {
    Coalescer<NameRequest, String> coalescer = coalescer(workers);
    hold(coalescer);
    CompletableFuture<Object> made =
        futures(coalescer, "a")
            .get(0)
            .thenApply(
                greeting -> {
                  futures(coalescer, "b");
                  return call(coalescer, sender, request("c"), in(CALL_TIMEOUT));
                });
    release(coalescer);
    assertThat(answerNext()).containsExactly("a");
    assertThat(answerNext()).containsExactly("b", "c");
    assertThat(get(made)).isEqualTo("Hello, c!");
    assertNothingIsLost(coalescer);
  }

  @Test
  void queuedFuturesTimeOut() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> early = future("early", in(Duration.ZERO));
    coalescer.add(early);
    Call<NameRequest, String> late = future("late", in(CALL_TIMEOUT));
    coalescer.add(late);
    assertThat(coalescer.checkTimeouts()).isTrue();
    assertFails(early, Code.TIMEOUT);
    assertThat(late).isNotDone();
    release(coalescer);
    assertThat(answerNext()).containsExactly("late");
    assertThat(get(late)).isEqualTo("Hello, late!");
    until(coalescer::isIdle);
    assertThat(coalescer.checkTimeouts()).isFalse();
    assertNothingIsLost(coalescer);
  }

  @Test
  void futuresInFlightTimeOut() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> early = future("early", in(SHORT));
    coalescer.add(early);
    Call<NameRequest, String> late = future("late", in(CALL_TIMEOUT));
    coalescer.add(late);
    release(coalescer);
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
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> later = future("later", in(Duration.ZERO));
    coalescer.add(later);
    Call<NameRequest, String> late = future("late", in(Duration.ZERO));
    coalescer.add(late);
    release(coalescer);
    assertFails(late, Code.TIMEOUT);
    assertFails(later, Code.TIMEOUT);
    assertThat(sender.number()).isZero();
    assertNothingIsLost(coalescer);
  }

  @Test
  void aBatchMayChangeDuringTheTimeoutCheck() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    Call<NameRequest, String> late = future("late", in(SHORT));
    coalescer.add(late);
    List<Caller> callers = waitingCallers(coalescer, "b", "c");
    release(coalescer);
    Sent sent = sender.next();
    // the last call of the batch is removed while the first one is checked
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
  void closingFailsFuturesOnAnotherThread() {
    Coalescer<NameRequest, String> coalescer = coalescer();
    hold(coalescer);
    var gate = new CompletableFuture<Void>();
    List<CompletableFuture<String>> all = futures(coalescer, "a", "b");
    CompletableFuture<Thread> dependent =
        all.get(0)
            .handle(
                (greeting, error) -> {
                  gate.join();
                  return Thread.currentThread();
                });
    // this call would not return if the dependent stage ran on this thread
    coalescer.failAll(Errors.closed());
    gate.complete(null);
    assertThat(get(dependent)).isNotEqualTo(Thread.currentThread());
    all.forEach(future -> assertFails(future, Code.CLOSED));
    release(coalescer);
    assertNothingIsLost(coalescer);
  }

  /** In this case, the JDK does not call the methods that the future overrides. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theListenerHearsOfAFutureThatTheProgramCompletesAsynchronously(boolean answered) {
    var ended = new ArrayList<CallListener.CallEnded>();
    Call<NameRequest, String> future =
        Call.ofFuture(
            request("Ada"),
            in(CALL_TIMEOUT),
            new CallListener() {
              @Override
              public void callEnded(CallEnded event) {
                ended.add(event);
              }
            });
    CompletableFuture<String> unused = future.completeAsync(() -> "the program's", Runnable::run);
    if (answered) {
      future.answer("Hello, Ada!");
    } else {
      future.fail(Errors.mismatch(NameRequest.FUNCTIONS.extension()));
    }
    assertThat(future).isCompletedWithValue("the program's");
    assertThat(ended).hasSize(1);
    assertThat(ended.get(0).error()).is(error(Code.CANCELLED_BY_CALLER));
  }
}
