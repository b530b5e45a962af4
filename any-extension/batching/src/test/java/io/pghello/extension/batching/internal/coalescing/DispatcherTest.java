// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.NameRequest;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.jdbc.StatementExecutor;
import io.pghello.extension.batching.internal.jdbc.Statements;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Shows which calls a dispatcher waits for when it is closed. Needs no server. */
class DispatcherTest extends CoalescerFixture {
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CompletableFuture<Void> gate = new CompletableFuture<>();
  private final CompletableFuture<Void> refusing = new CompletableFuture<>();
  private final CompletableFuture<String> call = new CompletableFuture<>();

  /**
   * The call was accepted before the client was closed, but its statement begins only during the
   * close.
   */
  @Test
  void closingWaitsForAStatementThatBeginsBeforeStatementsAreRefused() throws Exception {
    ConnectionSource source =
        () -> {
          begun.countDown();
          gate.join();
          throw new SQLException("none");
        };
    var statements =
        new StatementExecutor(source, settings().statements(), NameRequest.FUNCTIONS) {
          @Override
          public void close() {
            executor.execute(
                () -> {
                  try {
                    call.complete(
                        new Greetings(this)
                            .one(request("late"), StatementContext.single(in(CALL_TIMEOUT))));
                  } catch (RuntimeException e) {
                    call.completeExceptionally(e);
                  }
                });
            await(begun);
            super.close();
            refusing.complete(null);
          }
        };
    var dispatcher = new Dispatcher<>(new Greetings(statements), settings());
    var closing = new Thread(dispatcher::close);
    closing.start();
    refusing.get(60, TimeUnit.SECONDS);
    until(
        () -> {
          assertThat(closing.isAlive()).as("waits").isTrue();
          return LockSupport.getBlocker(closing) instanceof Dispatcher;
        });
    gate.complete(null);
    closing.join();
    assertFails(call, Code.CONNECTION_UNAVAILABLE);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Statements that get no connection. */
  private record Greetings(StatementExecutor executor) implements Statements<NameRequest, String> {
    @Override
    public String one(NameRequest request, StatementContext context) {
      return executor.run(context, session -> request.name());
    }

    @Override
    public Object[] several(List<NameRequest> requests, StatementContext context) {
      return executor.run(context, session -> requests.stream().map(NameRequest::name).toArray());
    }

    @Override
    public boolean isOfOneRequest(FunctionCallException error, int failures) {
      return false;
    }

    @Override
    public FunctionCallException shared(FunctionCallException error) {
      return error;
    }
  }
}
