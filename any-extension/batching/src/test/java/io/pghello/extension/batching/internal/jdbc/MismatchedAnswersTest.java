// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.NameRequest;
import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.StatementContext;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Answers that belong to other requests. The statement of another client may have run, and may have
 * begun a transaction, so the connection must not be used again. Needs no server.
 */
@Timeout(60)
class MismatchedAnswersTest {
  private static final Duration LONG = Duration.ofMinutes(2);
  private static final ExtensionDescription EXTENSION =
      ExtensionDescription.builder("acme").function("echo(text[])", "text[]").build();
  private static final ServerFunction ECHO = ArrayStatements.find(EXTENSION, "echo");

  private final List<String> events = new ArrayList<>();
  private String[] answers = {};

  private final Connection connection =
      fake(
          Connection.class,
          (proxy, method, arguments) ->
              switch (method.getName()) {
                case "getAutoCommit" -> true;
                case "isClosed" -> events.contains("abort");
                case "isWrapperFor" -> false;
                case "prepareStatement" -> statement();
                case "abort", "close" -> {
                  events.add(method.getName());
                  yield null;
                }
                default -> method.getReturnType() == int.class ? 0 : null;
              });

  private final ArrayStatements<String, String> statements =
      new ArrayStatements<>(
          new Echo(),
          ECHO,
          null,
          null,
          new StatementExecutor(
              () -> connection,
              NameRequest.settings("acme", LONG),
              new ServerFunctions(EXTENSION, List.of(ECHO))));

  private PreparedStatement statement() {
    ResultSet row =
        fake(
            ResultSet.class,
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "next" -> true;
                  case "getString" -> ECHO.signature();
                  case "getArray" -> fake(Array.class, (array, called, none) -> answers.clone());
                  default -> null;
                });
    return fake(
        PreparedStatement.class,
        (proxy, method, arguments) -> method.getName().equals("executeQuery") ? row : null);
  }

  private static <T> T fake(Class<T> type, InvocationHandler handler) {
    return type.cast(
        Proxy.newProxyInstance(
            MismatchedAnswersTest.class.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private Object[] send(ArrayStatements<String, String> statements, String... requests) {
    return statements.several(
        Arrays.stream(requests).map(statements::request).toList(),
        StatementContext.batched(requests.length, 0, Deadline.after(LONG)));
  }

  @Test
  void connectionWithMatchingAnswersIsReused() {
    answers = new String[] {"a", "b"};
    assertThat(send(statements, "a", "b")).containsExactly("a", "b");
    assertThat(events).containsExactly("close");
  }

  /** Even if all requests have matching answers, the array belongs to another statement. */
  @ParameterizedTest
  @ValueSource(strings = {"a,b,c", "a,b,b", "a", ""})
  void rejectsAnswersOfAnotherNumber(String array) {
    answers = array.isEmpty() ? new String[0] : array.split(",");
    assertThatThrownBy(() -> send(statements, "a", "b"))
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> assertThat(e.code()).isEqualTo(Code.RESPONSE_MISMATCH));
    assertThat(events).containsExactly("abort", "close");
  }

  /** The other requests have their answers, so the statement itself does not fail. */
  @Test
  void connectionWithOneMismatchedAnswerIsClosed() {
    answers = new String[] {"a", "x"};
    Object[] outcomes = send(statements, "a", "b");
    assertThat(outcomes[0]).isEqualTo("a");
    assertThat(outcomes[1])
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> assertThat(e.code()).isEqualTo(Code.RESPONSE_MISMATCH));
    assertThat(events).containsExactly("abort", "close");
  }

  @Test
  void connectionOfTheCallerStaysOpen() {
    answers = new String[] {"a", "x"};
    assertThat(send(statements.on(connection), "a", "b")[1])
        .isInstanceOf(FunctionCallException.class);
    assertThat(events).isEmpty();
  }

  private static final class Echo implements BatchMapper<String, String> {
    @Override
    public void bind(PreparedStatement statement, List<String> requests) {}

    @Override
    public List<String> read(Array answers) throws SQLException {
      return Arrays.asList((String[]) answers.getArray());
    }

    @Override
    public boolean matches(String request, String answer) {
      return request.equals(answer);
    }

    @Override
    public int sizeInBytes(String request) {
      return request.length();
    }
  }
}
