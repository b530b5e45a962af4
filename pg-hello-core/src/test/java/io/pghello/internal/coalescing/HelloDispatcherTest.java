// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.ConnectionSource;
import io.pghello.PgHelloException.Code;
import io.pghello.internal.jdbc.HelloStatements;
import io.pghello.internal.jdbc.StatementExecutor;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Shows what a dispatcher waits for; without a server. */
class HelloDispatcherTest extends CoalescerFixture {
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CompletableFuture<Void> gate = new CompletableFuture<>();
  private final CompletableFuture<Void> refusing = new CompletableFuture<>();
  private final CompletableFuture<String> call = new CompletableFuture<>();

  /** One that was made before, and that nobody saw until then. */
  @Test
  void closingWaitsForAStatementThatBeginsBeforeStatementsAreRefused() throws Exception {
    ConnectionSource source =
        () -> {
          begun.countDown();
          gate.join();
          throw new SQLException("none");
        };
    var statements =
        new StatementExecutor(source, settings().statements()) {
          @Override
          public void close() {
            executor.execute(
                () -> {
                  try {
                    call.complete(new HelloStatements(this).one(request("late"), in(CALL_TIMEOUT)));
                  } catch (RuntimeException e) {
                    call.completeExceptionally(e);
                  }
                });
            await(begun);
            super.close();
            refusing.complete(null);
          }
        };
    var dispatcher = new HelloDispatcher(new HelloStatements(statements), settings());
    var closing = new Thread(dispatcher::close);
    closing.start();
    refusing.get(60, TimeUnit.SECONDS);
    until(
        () -> {
          assertThat(closing.isAlive()).as("waits").isTrue();
          return LockSupport.getBlocker(closing) instanceof HelloDispatcher;
        });
    gate.complete(null);
    closing.join();
    assertFails(call, Code.NO_CONNECTION);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
