// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Events;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.WaitTime;
import io.pghello.extension.batching.internal.coalescing.Dispatcher;
import io.pghello.extension.batching.internal.coalescing.Measurement;
import io.pghello.extension.batching.internal.jdbc.ArrayStatements;
import io.pghello.extension.batching.internal.jdbc.ArrayStatements.Asked;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Calls a function on the caller's connection. */
class FunctionCalls<Q, A> implements FunctionOperations<Q, A> {
  /**
   * The settings and components that calls use.
   *
   * @param timeout the maximum duration of a call
   */
  record Context<Q, A>(
      Settings settings,
      ArrayStatements<Q, A> statements,
      Dispatcher<Asked<Q>, A> dispatcher,
      Duration timeout) {
    Context<Q, A> withTimeout(Duration timeout) {
      return new Context<>(settings, statements, dispatcher, Deadline.checkTimeout(timeout));
    }

    Context<Q, A> on(Connection connection) {
      Objects.requireNonNull(connection, "connection");
      return new Context<>(settings, statements.on(connection), dispatcher, timeout);
    }

    Deadline deadline() {
      return Deadline.after(timeout);
    }
  }

  final Context<Q, A> context;

  FunctionCalls(Context<Q, A> context) {
    this.context = context;
  }

  @Override
  public final A call(Q request) {
    int bytes = bytes(request);
    if (!context.settings().listens()) {
      return send(request, bytes, null);
    }
    var wait = new WaitTime();
    return measured(
        context.statements().functionFor(request), wait, () -> send(request, bytes, wait));
  }

  /** Returns the size of a request. If the request is rejected, notifies the listener. */
  final int bytes(Q request) {
    try {
      return context.statements().bytes(request);
    } catch (FunctionCallException e) {
      throw rejected(context.statements().functionFor(request), e);
    }
  }

  /** Notifies the listener of a call that is not sent because of its arguments. */
  private FunctionCallException rejected(ServerFunction function, FunctionCallException error) {
    listener().callEnded(new Events.Call(function.signature(), 0, 0, error));
    return error;
  }

  /**
   * Sends a request. Throws if the client is closed.
   *
   * @param wait the object that receives the call's waiting time; null if the time is not measured
   */
  A send(Q request, int bytes, @Nullable WaitTime wait) {
    context.dispatcher().checkOpen();
    return context.statements().one(request, context.deadline());
  }

  @Override
  public final List<A> callAll(Collection<? extends Q> requests) {
    List<Asked<Q>> asked = prepareAll(requests);
    return measured(() -> ofSeveralStatements(() -> sendAll(asked, () -> false)));
  }

  final List<Asked<Q>> prepareAll(Collection<? extends Q> requests) {
    Objects.requireNonNull(requests, "requests");
    var asked = new ArrayList<Asked<Q>>(requests.size());
    try {
      for (Q request : requests) {
        asked.add(context.statements().request(request));
      }
    } catch (FunctionCallException e) {
      throw rejected(
          context.statements().function(), context.statements().atIndex(e, asked.size()));
    }
    return asked;
  }

  /**
   * Sends requests batch by batch, until all requests have answers or the caller no longer waits.
   */
  final List<A> sendAll(List<Asked<Q>> requests, BooleanSupplier ended) {
    var answers = new ArrayList<A>(requests.size());
    Iterator<Asked<Q>> left = requests.iterator();
    while (left.hasNext() && !ended.getAsBoolean()) {
      answers.addAll(sendBatch(context.settings().batches().next(left), answers.size()));
    }
    return List.copyOf(answers);
  }

  @Override
  public final long callEach(
      Iterator<? extends Q> requests, Consumer<? super A> answers, LongConsumer progress) {
    Objects.requireNonNull(answers, "answers");
    Objects.requireNonNull(progress, "progress");
    var valid = new ValidRequests(Objects.requireNonNull(requests, "requests"));
    context.dispatcher().checkOpen();
    long count = 0;
    while (valid.hasNext()) {
      List<Asked<Q>> batch = context.settings().batches().next(valid);
      long first = count;
      List<A> received = measured(() -> ofSeveralStatements(() -> sendBatch(batch, first)));
      received.forEach(answers);
      count += batch.size();
      progress.accept(count);
    }
    valid.throwIfInvalid();
    return count;
  }

  private List<A> sendBatch(List<Asked<Q>> batch, long first) {
    return context
        .statements()
        .all(batch, first, StatementContext.bulk(batch.size(), context.deadline()));
  }

  private <T> T ofSeveralStatements(Supplier<T> work) {
    return context.dispatcher().ofSeveralStatements(work);
  }

  @Override
  public final <T> T run(FunctionSession.Work<T> work) {
    Objects.requireNonNull(work, "work");
    context.dispatcher().checkOpen();
    return context
        .statements()
        .executor()
        .run(StatementContext.single(context.deadline()), work::run);
  }

  @Override
  public final <T> T run(ServerFunction reported, FunctionSession.Work<T> work) {
    Objects.requireNonNull(reported, "reported");
    return context.settings().listens()
        ? measured(reported, new WaitTime(), () -> run(work))
        : run(work);
  }

  private <T> T measured(Supplier<T> bulkCall) {
    return context.settings().listens()
        ? measured(context.statements().function(), new WaitTime(), bulkCall)
        : bulkCall.get();
  }

  private <T> T measured(ServerFunction function, WaitTime wait, Supplier<T> call) {
    return Measurement.measured(listener(), function, wait, call);
  }

  private CallListener listener() {
    return context.settings().statements().listener();
  }

  @Override
  public FunctionOperations<Q, A> withTimeout(Duration timeout) {
    return new FunctionCalls<>(context.withTimeout(timeout));
  }

  @Override
  public final FunctionOperations<Q, A> withConnection(Connection connection) {
    return new FunctionCalls<>(context.on(connection));
  }

  @Override
  public final String describe() {
    return context.statements().executor() + ", " + context.settings().describe(context.timeout());
  }

  @Override
  public String toString() {
    return "BatchedFunction["
        + context.statements().function().signature()
        + ", "
        + describe()
        + "]";
  }

  /** The requests up to the first one that cannot be sent. They are read lazily. */
  private final class ValidRequests implements Iterator<Asked<Q>> {
    private final Iterator<? extends Q> requests;
    private long index;
    private @Nullable Asked<Q> next;
    private @Nullable RuntimeException invalid;

    private ValidRequests(Iterator<? extends Q> requests) {
      this.requests = requests;
    }

    @Override
    public boolean hasNext() {
      if (next == null && invalid == null && requests.hasNext()) {
        try {
          next = context.statements().request(requests.next());
          index++;
        } catch (FunctionCallException e) {
          invalid = context.statements().atIndex(e, index);
        } catch (NullPointerException e) {
          invalid = e;
        }
      }
      return next != null;
    }

    @Override
    public Asked<Q> next() {
      Asked<Q> request = hasNext() ? next : null;
      if (request == null) {
        throw new NoSuchElementException();
      }
      next = null;
      return request;
    }

    private void throwIfInvalid() {
      if (invalid instanceof FunctionCallException e) {
        throw rejected(context.statements().function(), e);
      } else if (invalid != null) {
        throw invalid;
      }
    }
  }
}
