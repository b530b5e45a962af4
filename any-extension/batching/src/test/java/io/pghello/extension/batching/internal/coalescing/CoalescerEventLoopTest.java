// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.NameRequest;
import io.pghello.extension.batching.internal.StatementContext;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Shows how an event loop sends batches and completes their futures. */
class CoalescerEventLoopTest extends CoalescerFixture {
  private final AtomicReference<@Nullable Thread> loopThread = new AtomicReference<>();
  private final ExecutorService loop =
      Executors.newSingleThreadExecutor(
          task -> {
            var thread = new Thread(task, "loop");
            loopThread.set(thread);
            return thread;
          });
  private final LoopSender loopSender = new LoopSender();

  @AfterEach
  void stopLoop() throws InterruptedException {
    loop.shutdownNow();
    assertThat(loop.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
  }

  private Coalescer<NameRequest, String> loopCoalescer() {
    return new Coalescer<>(settings(), loop, loopSender);
  }

  @Test
  void oneThreadSendsBatchesAndCompletesFutures() {
    Coalescer<NameRequest, String> coalescer = loopCoalescer();
    hold(coalescer);
    var completed = new ArrayList<Thread>();
    List<CompletableFuture<Void>> dependents =
        futures(coalescer, "a", "b").stream()
            .map(future -> future.thenAccept(answer -> completed.add(Thread.currentThread())))
            .toList();
    release(coalescer);
    Later sent = loopSender.next();
    assertThat(sent.names()).containsExactly("a", "b");
    // the thread is free until the outcomes arrive
    assertThat(get(CompletableFuture.supplyAsync(Thread::currentThread, loop)))
        .isEqualTo(sent.thread)
        .isEqualTo(loopThread.get());
    assertThat(coalescer.tryAcquire()).isEqualTo(InFlightLimit.NONE);
    loop.execute(sent::answer);
    dependents.forEach(CoalescerFixture::get);
    assertThat(completed).hasSize(2).containsOnly(loopThread.get());
    assertLoopIsIdle(coalescer);
  }

  @Test
  void callsOfDependentsAreOneBatchEvenIfAllPermitsAreAvailable() {
    maxQueuedCalls = 1024;
    maxInFlightBatches = 2;
    Coalescer<NameRequest, String> coalescer = loopCoalescer();
    var made = new ArrayList<CompletableFuture<String>>();
    List<CompletableFuture<Void>> dependents =
        get(
            CompletableFuture.supplyAsync(
                () ->
                    futures(coalescer, names(200)).stream()
                        .map(
                            future ->
                                future.thenAccept(answer -> made.addAll(futures(coalescer, "x"))))
                        .toList(),
                loop));
    for (int answered = 0; answered < dependents.size(); ) {
      Later sent = loopSender.next();
      answered += sent.names().size();
      loop.execute(sent::answer);
    }
    dependents.forEach(CoalescerFixture::get);
    int rest = dependents.size();
    while (rest > 0) {
      Later sent = loopSender.next();
      // without this, the first call of each batch would be sent separately
      assertThat(sent.names()).hasSizeGreaterThan(10);
      rest -= sent.names().size();
      loop.execute(sent::answer);
    }
    made.forEach(future -> assertThat(get(future)).isEqualTo("Hello, x!"));
    assertLoopIsIdle(coalescer);
  }

  @Test
  void aFullQueueDoesNotBlockFutures() {
    blockWhenFull = true;
    maxQueuedCalls = 1;
    Coalescer<NameRequest, String> coalescer = loopCoalescer();
    hold(coalescer);
    List<CompletableFuture<String>> queued = futures(coalescer, "a");
    assertThat(CompletableFuture.runAsync(() -> futures(coalescer, "b")))
        .failsWithin(CALL_TIMEOUT.dividedBy(3))
        .withThrowableThat()
        .havingCause()
        .is(error(Code.OVERLOADED));
    release(coalescer);
    loop.execute(loopSender.next()::answer);
    assertThat(get(queued.get(0))).isEqualTo("Hello, a!");
    assertLoopIsIdle(coalescer);
  }

  private static String[] names(int count) {
    return IntStream.range(0, count).mapToObj(i -> "n" + i).toArray(String[]::new);
  }

  @Test
  void callTimesOutWhileItsBatchIsInFlight() {
    Coalescer<NameRequest, String> coalescer = loopCoalescer();
    Call<NameRequest, String> hasty = future("hasty", in(SHORT));
    coalescer.add(hasty);
    Later sent = loopSender.next();
    until(
        () -> {
          coalescer.checkTimeouts();
          return hasty.isDone();
        });
    assertFails(hasty, Code.TIMEOUT);
    // the statement still holds its permit
    assertThat(coalescer.tryAcquire()).isEqualTo(InFlightLimit.NONE);
    loop.execute(sent::answer);
    assertLoopIsIdle(coalescer);
  }

  @Test
  void outcomesFromAnotherThreadCompleteTheBatch() {
    Coalescer<NameRequest, String> coalescer = loopCoalescer();
    CompletableFuture<String> future = futures(coalescer, "a").get(0);
    Later sent = loopSender.next();
    sent.later.accept(new Object[] {Errors.noThread()});
    assertFails(future, Code.SERVER_ERROR);
    assertLoopIsIdle(coalescer);
  }

  @Test
  void callsOfThreadsAndFuturesShareABatchThatAThreadSends() {
    Coalescer<NameRequest, String> coalescer = loopCoalescer();
    hold(coalescer);
    CompletableFuture<String> future = futures(coalescer, "future").get(0);
    Caller caller = waitingCallers(coalescer, "thread").get(0);
    release(coalescer);
    assertThat(answerNext()).containsExactly("future", "thread");
    assertThat(caller.outcome()).isEqualTo("Hello, thread!");
    assertThat(get(future)).isEqualTo("Hello, future!");
    assertLoopIsIdle(coalescer);
  }

  /** If sending fails with an error, the batch is sent again after the next check. */
  @Test
  void errorBeforeTheStatementIsSentDelaysTheBatch() {
    Coalescer<NameRequest, String> coalescer = loopCoalescer();
    loopSender.failNext = true;
    CompletableFuture<String> future = futures(coalescer, "a").get(0);
    until(() -> !loopSender.failNext);
    assertThat(future).isNotDone();
    until(
        () -> {
          coalescer.checkTimeouts();
          return loopSender.isNext();
        });
    loop.execute(loopSender.next()::answer);
    assertThat(get(future)).isEqualTo("Hello, a!");
    assertLoopIsIdle(coalescer);
  }

  private void assertLoopIsIdle(Coalescer<NameRequest, String> coalescer) {
    until(coalescer::isIdle);
    for (int i = 0; i < maxInFlightBatches; i++) {
      acquire(coalescer);
    }
  }

  /** A sender that does not block. The sender of the fixture sends blocking statements. */
  private final class LoopSender implements Coalescer.Sender<NameRequest> {
    private final BlockingQueue<Later> sent = new LinkedBlockingQueue<>();
    volatile boolean failNext;

    @Override
    public Object[] send(List<NameRequest> requests, StatementContext context) {
      return sender.send(requests, context);
    }

    @Override
    public Object @Nullable [] send(
        List<NameRequest> requests, StatementContext context, Consumer<Object[]> later) {
      if (failNext) {
        failNext = false;
        throw new StackOverflowError();
      }
      sent.add(new Later(List.copyOf(requests), later, Thread.currentThread()));
      return null;
    }

    @Override
    public boolean isEventLoop() {
      return true;
    }

    Later next() {
      try {
        Later next = sent.poll(20, TimeUnit.SECONDS);
        assertThat(next).as("something is sent").isNotNull();
        return next;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    boolean isNext() {
      return !sent.isEmpty();
    }
  }

  private record Later(List<NameRequest> requests, Consumer<Object[]> later, Thread thread) {
    List<String> names() {
      return requests.stream().map(NameRequest::name).toList();
    }

    void answer() {
      later.accept(requests.stream().map(CoalescerFixture::greeting).toArray());
    }
  }
}
