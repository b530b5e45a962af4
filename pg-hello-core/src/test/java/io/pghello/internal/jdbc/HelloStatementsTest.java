// SPDX-License-Identifier: MIT
package io.pghello.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import io.pghello.internal.Deadline;
import io.pghello.internal.HelloRequest;
import io.pghello.internal.Settings;
import io.pghello.internal.StatementContext;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class HelloStatementsTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final PgHelloException refused =
      new PgHelloException(
          new PgHelloProblem(Code.INVALID_NAME, "Refused.", "Change it."), "22021", null);

  /** A pooler that mixes up answers must not make it name a name that is right. */
  @Test
  void namesNoNameIfTheHalvesGetOtherAnswers() {
    assertKeepsRefusal(() -> new String[] {"Hello, somebody else!"});
  }

  /** What is wrong with the names matters more. */
  @Test
  void keepsTheRefusalIfTheConnectionIsLostWhileItSearches() {
    assertKeepsRefusal(
        () -> {
          throw new PgHelloException(Code.CONNECTION_LOST, "Lost.");
        });
  }

  private void assertKeepsRefusal(Supplier<String[]> half) {
    var executor =
        new StatementExecutor(
            () -> {
              throw new SQLException("no connection is needed");
            },
            Settings.Statements.withoutClient(null, TIMEOUT)) {
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
