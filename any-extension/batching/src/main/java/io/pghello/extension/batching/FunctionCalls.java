// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import io.pghello.extension.batching.internal.Deadline;
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
import java.util.Objects;
import java.util.function.BooleanSupplier;
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
    Asked<Q> asked = context.statements().ask(request);
    if (!context.settings().listens()) {
      return send(asked, null);
    }
    var wait = new WaitTime();
    return measured(wait, () -> send(asked, wait));
  }

  /**
   * Sends a request. Throws if the client is closed.
   *
   * @param wait the object that receives the call's waiting time; null if the time is not measured
   */
  A send(Asked<Q> asked, @Nullable WaitTime wait) {
    context.dispatcher().checkOpen();
    return context.statements().one(asked, context.deadline());
  }

  @Override
  public final List<A> callAll(Collection<? extends Q> requests) {
    List<Asked<Q>> asked = ask(requests);
    Supplier<List<A>> call =
        () -> context.dispatcher().ofSeveralStatements(() -> sendAll(asked, () -> false));
    return context.settings().listens() ? measured(new WaitTime(), call) : call.get();
  }

  final List<Asked<Q>> ask(Collection<? extends Q> requests) {
    Objects.requireNonNull(requests, "requests");
    var asked = new ArrayList<Asked<Q>>(requests.size());
    for (Q request : requests) {
      asked.add(context.statements().ask(request));
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
      List<Asked<Q>> batch = context.settings().batches().next(left);
      answers.addAll(
          context.statements().all(batch, StatementContext.bulk(batch.size(), context.deadline())));
    }
    return List.copyOf(answers);
  }

  private <T> T measured(WaitTime wait, Supplier<T> call) {
    return Measurement.measured(
        context.settings().statements().listener(), context.statements().function(), wait, call);
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
  public String toString() {
    return "BatchedFunction["
        + context.statements()
        + ", "
        + context.settings().describe(context.timeout())
        + "]";
  }
}
