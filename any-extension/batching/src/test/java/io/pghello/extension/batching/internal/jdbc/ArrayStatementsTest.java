// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.ArgumentChecks;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.NameRequest;
import io.pghello.extension.batching.internal.StatementContext;
import java.io.IOException;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/** Shows which errors of a batch belong to one of its calls, and which errors all calls share. */
@Timeout(60)
class ArrayStatementsTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private final FunctionCallException rejected =
      new FunctionCallException(
          new CallProblem(Code.INVALID_ARGUMENT, "Rejected.", "Change it."), "22021", null);

  private final ArrayStatements<String, String> statements =
      new ArrayStatements<>(
          new Echo(),
          ArrayStatements.find(
              ExtensionDescription.builder("acme").function("echo(text[])", "text[]").build(),
              "echo"),
          null,
          null,
          new StatementExecutor(
              () -> {
                throw new SQLException("unused");
              },
              NameRequest.settings(null, Duration.ofSeconds(1)),
              NameRequest.FUNCTIONS));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0A000", "22023", "23505", "3F000", "42501", "42601", "42883", "54000", "55000", "58030",
        "F0000", "HV000", "P0001", "XX000", "XX002", "1", "99999"
      })
  void mostErrorsOfTheServerMayBeOfOneRequest(String state) {
    assertThat(isOfOneRequest(state, 1)).isTrue();
    assertThat(isOfOneRequest(state, 1000)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"25006", "25P02", "28000", "3D000", "40001", "40P01", "55P03", "57000", "57014"})
  void errorsOfTransactionsLoginsAndWaitsAreShared(String state) {
    assertThat(isOfOneRequest(state, 1)).isFalse();
  }

  /** To isolate one of 1,024 requests, the batch is halved ten times. */
  @ParameterizedTest
  @CsvSource({"53200, 11, true", "53200, 12, false", "53400, 11, true", "53100, 12, false"})
  void limitsSplitsOfABatchIfTheServerLacksResources(String state, int failures, boolean isOfOne) {
    assertThat(isOfOneRequest(state, failures)).isEqualTo(isOfOne);
  }

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"SERVER_ERROR", "CONNECTION_LOST"})
  void otherCodesAreShared(Code code) {
    assertThat(statements.isOfOneRequest(new FunctionCallException(code, "words"), 1)).isFalse();
  }

  @Test
  void anErrorOfTheJvmIsSharedAndOneOfTheProgramIsNot() {
    var outOfMemory = Errors.unexpected(new OutOfMemoryError("Java heap space"));
    assertThat(statements.isOfOneRequest(outOfMemory, 1)).isFalse();
    assertThat(statements.shared(outOfMemory)).hasCause(outOfMemory.getCause());
    assertThat(statements.isOfOneRequest(Errors.unexpected(new AssertionError("secret")), 1))
        .isTrue();
  }

  @Test
  void aSharedErrorHasNothingThatOneRequestMayHave() {
    FunctionCallException own = error(Code.SERVER_ERROR, "40001", new SQLException("secret"));
    own.addSuppressed(error(Code.SERVER_ERROR, "40P01", new SQLException("secret")));
    own.addSuppressed(new IllegalStateException("secret"));
    FunctionCallException shared = statements.shared(own);
    assertThat(shared)
        .hasMessage(
            "The server reported an error (40001) for all calls of a batch. See the error code in"
                + " PostgreSQL's documentation, and the server's log.")
        .hasNoCause();
    assertThat(shared.sqlState()).contains("40001");
    assertThat(shared.getSuppressed()).hasSize(1);
    assertThat(shared.getSuppressed()[0]).hasMessageNotContaining("secret").hasNoCause();
  }

  @Test
  void aSharedMismatchHasNoWordsOfTheServer() {
    FunctionCallException shared =
        statements.shared(error(Code.RESPONSE_MISMATCH, "26000", new SQLException("secret")));
    assertThat(shared)
        .hasMessage("The server's prepared statements differ from the driver's (26000). Do.")
        .hasNoCause();
  }

  @Test
  void aSharedLossKeepsTheCauseThatIsOfTheNetwork() {
    var reset = new SQLException("I/O error", "08006", new IOException("reset"));
    assertThat(statements.shared(error(Code.CONNECTION_LOST, "08006", reset))).hasCause(reset);
    var other = new SQLException("secret", "08006");
    assertThat(statements.shared(error(Code.CONNECTION_LOST, "08006", other))).hasNoCause();
    assertThat(statements.shared(error(Code.CONNECTION_UNAVAILABLE, "08001", other)))
        .hasCause(other);
  }

  /** If a pooler mixes up answers, the error must not blame a valid request. */
  @Test
  void searchForARejectedRequestEndsAtOtherAnswers() {
    assertKeepsRejection(() -> new Object[] {"somebody else"});
  }

  /** The rejection of a request is more important than the lost connection. */
  @Test
  void searchForARejectedRequestEndsIfTheConnectionIsLost() {
    assertKeepsRejection(
        () -> {
          throw new FunctionCallException(Code.CONNECTION_LOST, "Lost.");
        });
  }

  @Test
  void searchFindsTheRejectedRequest() {
    var found = assertThatThrownBy(() -> bulk(() -> new Object[] {"Ada"}));
    found.hasMessage("Request 1: Rejected. Change it.");
  }

  private void assertKeepsRejection(Supplier<Object[]> firstHalf) {
    assertThatThrownBy(() -> bulk(firstHalf)).isSameAs(rejected);
  }

  /** Sends a bulk call of two requests. The server rejects it, and answers its first half. */
  private void bulk(Supplier<Object[]> firstHalf) {
    var executor =
        new StatementExecutor(
            () -> {
              throw new SQLException("no connection is needed");
            },
            NameRequest.settings(null, TIMEOUT),
            NameRequest.FUNCTIONS) {
          private boolean isRejected;

          @Override
          @SuppressWarnings("unchecked") // the statements of a bulk call return an array
          public <T> T run(StatementContext context, Work<T> work) {
            if (!isRejected) {
              isRejected = true;
              throw rejected;
            }
            return (T) firstHalf.get();
          }
        };
    var checked =
        new ArrayStatements<>(new Echo(), NameRequest.FUNCTION, null, new Checks(), executor);
    checked.all(
        List.of(checked.request("Ada"), checked.request("Zoë")),
        0,
        StatementContext.bulk(2, Deadline.after(TIMEOUT)));
  }

  private final class Checks implements ArgumentChecks<String> {
    @Override
    public @Nullable CallProblem problem(String sqlState, @Nullable String serverEncoding) {
      return rejected.problem();
    }

    @Override
    public CallProblem withIndex(CallProblem problem, long index) {
      return new CallProblem(
          problem.code(), "Request " + index + ": " + problem.message(), problem.remedy());
    }
  }

  private boolean isOfOneRequest(String state, int failures) {
    return statements.isOfOneRequest(
        error(Code.SERVER_ERROR, state, new SQLException("secret")), failures);
  }

  private static FunctionCallException error(Code code, String state, Throwable cause) {
    return new FunctionCallException(
        new CallProblem(code, "The server said secret.", "Do."), state, cause);
  }

  private static final class Echo implements BatchMapper<String, String> {
    @Override
    public void bind(PreparedStatement statement, List<String> requests) {}

    @Override
    public List<String> read(Array answers) {
      return List.of();
    }

    @Override
    public boolean matches(String request, String answer) {
      return request.equals(answer);
    }

    @Override
    public int sizeInBytes(String request) {
      return 0;
    }
  }
}
