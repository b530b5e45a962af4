// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.jdbc.StatementExecutor;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class HelloStatementsTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final FunctionCallException refused =
      new FunctionCallException(
          new CallProblem(Code.INVALID_ARGUMENT, "Refused.", "Change it."), "22021", null);

  /** If a pooler mixes up answers, the error must not blame a valid name. */
  @Test
  void namesNoNameIfTheHalvesGetOtherAnswers() {
    assertKeepsRefusal(() -> new String[] {"Hello, somebody else!"});
  }

  /** The rejection of a name is more important than the lost connection. */
  @Test
  void keepsTheRefusalIfTheConnectionIsLostWhileItSearches() {
    assertKeepsRefusal(
        () -> {
          throw new FunctionCallException(Code.CONNECTION_LOST, "Lost.");
        });
  }

  private void assertKeepsRefusal(Supplier<String[]> half) {
    var executor =
        new StatementExecutor(
            () -> {
              throw new SQLException("no connection is needed");
            },
            Settings.Statements.withoutClient(null, TIMEOUT),
            HelloErrors.FUNCTIONS) {
          private boolean asked;

          @Override
          @SuppressWarnings("unchecked") // all is asked for, which returns that
          public <T> T run(StatementContext context, Work<T> work) {
            if (!asked) {
              asked = true;
              throw refused;
            }
            return (T) half.get();
          }
        };
    List<HelloRequest> requests = List.of(HelloRequest.of("Ada", 1), HelloRequest.of("Zoë", 1));
    assertThatThrownBy(
            () ->
                new HelloStatements(executor)
                    .all(requests, 0, StatementContext.bulk(2, Deadline.after(TIMEOUT))))
        .isSameAs(refused);
  }
}
