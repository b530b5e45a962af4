// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

/** Setup that all races share: one permit, a short queue, and a sender that answers immediately. */
class CoalescerStress {
  static final int NOTHING = 0;
  static final int ANSWERED = 1;
  static final int LEADING = 2;
  static final int TIMED_OUT = 3;
  static final int INTERRUPTED = 4;
  static final int OTHER = 9;

  // A timeout that is longer than any scheduling delay, so that only a lost wakeup can make it
  // expire.
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(1);
  static final int MAX_WAITING = 4;

  private static final long WATCH_NANOS = 100_000;

  private static final Set<Call<Name, String>> WATCHED = ConcurrentHashMap.newKeySet();
  private static final ExecutorService SOMEBODY =
      Executors.newSingleThreadExecutor(CoalescerStress::daemon);

  static {
    daemon(CoalescerStress::watch).start();
  }

  private static Thread daemon(Runnable task) {
    var thread = new Thread(task);
    thread.setDaemon(true);
    return thread;
  }

  private int permit;
  final Coalescer<Name, String> coalescer =
      new Coalescer<>(
          new Settings(
              new Settings.Statements(null, false, CALL_TIMEOUT, false, Settings.NO_LISTENER),
              new Settings.Batches(true, MAX_WAITING, MAX_WAITING, 1),
              new Settings.Queue(MAX_WAITING, MAX_WAITING, false),
              new Settings.Futures(1, null, "race-")),
          Runnable::run,
          CoalescerStress::send);

  private static Object[] send(List<Name> requests, StatementContext context) {
    var answers = new Object[requests.size()];
    for (int i = 0; i < answers.length; i++) {
      answers[i] = requests.get(i).name();
    }
    return answers;
  }

  static Name request(String name) {
    return new Name(name);
  }

  static Deadline soon() {
    return Deadline.after(CALL_TIMEOUT);
  }

  static Call<Name, String> ofThread(String name, Deadline deadline) {
    return Call.ofThread(request(name), deadline);
  }

  /** Creates a call of a thread that takes no part in the race. */
  static Call<Name, String> newCall() {
    try {
      return SOMEBODY.submit(() -> ofThread("a", Deadline.after(Duration.ZERO))).get();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Acquires the permit, which {@link #release} releases. */
  final void acquire() {
    permit = coalescer.tryAcquire();
  }

  final void release() {
    coalescer.release(permit);
  }

  CompletableFuture<String> future(String name) {
    Call<Name, String> call = Call.ofFuture(request(name), soon(), Settings.NO_LISTENER);
    coalescer.add(call);
    return call;
  }

  /** Makes a call in the same way as the dispatcher. */
  int call(String name) {
    int permit = coalescer.tryAcquire();
    if (permit != InFlightLimit.NONE) {
      try {
        return ANSWERED;
      } finally {
        coalescer.release(permit);
      }
    }
    return wait(ofThread(name, soon()));
  }

  int wait(Call<Name, String> call) {
    WATCHED.add(call);
    try {
      coalescer.add(call);
      return kind(coalescer.await(call, false), call.request().name());
    } finally {
      WATCHED.remove(call);
    }
  }

  /**
   * Like the timer, ends calls at their deadlines. Unlike the timer, does not hide lost wakeups.
   */
  private static void watch() {
    while (true) {
      for (Call<Name, String> call : WATCHED) {
        if (call.isOver()) {
          call.end(Errors.timedOut(CALL_TIMEOUT));
        }
      }
      LockSupport.parkNanos(WATCH_NANOS);
    }
  }

  static int kind(Object outcome, String expected) {
    if (outcome == null) {
      return NOTHING;
    }
    if (outcome instanceof Batch) {
      return LEADING;
    }
    if (outcome instanceof FunctionCallException e) {
      return e.code() == Code.TIMEOUT
          ? TIMED_OUT
          : e.code() == Code.INTERRUPTED ? INTERRUPTED : OTHER;
    }
    return outcome.equals(expected) ? ANSWERED : OTHER;
  }

  static int kind(CompletableFuture<String> future, String expected) {
    return future.isDone() ? kind((Object) future.getNow(""), expected) : NOTHING;
  }

  /**
   * Returns 1 if the permit is available, the queue is empty, and the whole queue limit is
   * available.
   */
  int nothingIsLost() {
    if (!coalescer.isIdle()) {
      return 0;
    }
    acquire();
    if (permit == InFlightLimit.NONE) {
      return 0;
    }
    try {
      for (int i = 0; i < MAX_WAITING; i++) {
        future("x");
      }
    } catch (FunctionCallException e) {
      return 0;
    }
    boolean refused = false;
    try {
      future("one too many");
    } catch (FunctionCallException e) {
      refused = true;
    }
    coalescer.failAll(Errors.closed());
    release();
    return refused && coalescer.isIdle() ? 1 : 0;
  }

  /** A request of one byte that returns its name. */
  record Name(String name) implements Request {
    private static final ServerFunction FUNCTION = new Answer();

    @Override
    public int bytes() {
      return 1;
    }

    @Override
    public ServerFunction function() {
      return FUNCTION;
    }
  }

  private static final class Answer implements ServerFunction {
    @Override
    public ExtensionFunction description() {
      return ExtensionFunction.of("answer(text)", "text");
    }

    @Override
    public boolean repeatsArguments() {
      return true;
    }

    @Override
    public String expressionIn(String schema) {
      return schema + ".answer(?)";
    }
  }
}
