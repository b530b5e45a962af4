// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.NameRequest;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.StatementContext;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shows how a failed batch is sent again. Needs no server. */
@Timeout(60)
class DivisibleBatchTest {
  private static final Duration LONG = Duration.ofMinutes(1);

  private final Sent sent = new Sent();

  @Test
  void halvesABatchUntilOneRequestIsLeft() {
    Object[] outcomes = send(numbers(8), Deadline.after(LONG), 5);
    assertThat(sent.parts).containsExactly("0-7", "0-3", "4-7", "4-5", "6-7", "4", "5");
    assertThat(outcomes[5]).isSameAs(sent.error);
    outcomes[5] = "5";
    assertThat(outcomes).isEqualTo(IntStream.range(0, 8).mapToObj(Integer::toString).toArray());
  }

  @Test
  void requestsThatFailTogetherShareAnError() {
    sent.isOfOne = false;
    Object[] outcomes = send(numbers(3), Deadline.after(LONG), 1);
    assertThat(sent.parts).containsExactly("0-2");
    assertThat(outcomes).containsOnly(sent.shared);
  }

  /** The next leader sends the whole batch again, even if some requests already have answers. */
  @Test
  void anInterruptedBatchHasNoAnswers() {
    sent.interruptedAt = "4-7";
    Object[] outcomes = send(numbers(8), Deadline.after(LONG), 5);
    assertThat(sent.parts).containsExactly("0-7", "0-3", "4-7");
    assertThat(outcomes).hasSize(8).containsOnly(sent.interrupted);
  }

  @Test
  void sendsNothingWhenItsTimeIsOver() {
    Object[] outcomes = send(numbers(8), Deadline.after(Duration.ZERO), 5);
    assertThat(sent.parts).containsExactly("0-7");
    assertThat(outcomes)
        .allSatisfy(
            each -> assertThat(((FunctionCallException) each).code()).isEqualTo(Code.TIMEOUT));
  }

  @Test
  void anErrorOfTheJvmFailsItsPart() {
    sent.thrown = new AssertionError("no more");
    Object[] outcomes = send(numbers(4), Deadline.after(LONG), 2);
    assertThat(outcomes[1]).isEqualTo("1");
    assertThat((FunctionCallException) outcomes[2]).hasCause(sent.thrown);
    assertThat(outcomes[3]).isEqualTo("3");
  }

  @Test
  void aRequestThatLosesItsConnectionIsRepeatedUntilAnotherOneIsAnswered() {
    sent.error = new FunctionCallException(Code.CONNECTION_LOST, "lost");
    sent.losses = 9;
    Object[] outcomes = send(numbers(2), Deadline.after(LONG), 0);
    // at first, all statements lose their connections, as after a restart of the server
    assertThat(sent.parts)
        .containsExactly("0-1", "0", "1", "0", "1", "0", "1", "0", "1", "0", "1", "0");
    assertThat(outcomes[0]).isSameAs(sent.error);
    assertThat(outcomes[1]).isEqualTo("1");
  }

  @Test
  void aLostRequestEndsWithItsTime() {
    sent.error = new FunctionCallException(Code.CONNECTION_LOST, "lost");
    sent.losses = Integer.MAX_VALUE;
    Object[] outcomes = send(numbers(2), Deadline.after(Duration.ofMillis(200)), 0);
    assertThat(outcomes).doesNotContainNull().doesNotContain("0", "1");
  }

  @Test
  void batchIsHalvedIfTheDriverRejectsTheAnswer() {
    sent.isOfOne = false;
    sent.error = new FunctionCallException(Errors.overDriverLimit(""), null, null);
    Object[] outcomes = send(numbers(4), Deadline.after(LONG), 3);
    assertThat(sent.parts).containsExactly("0-3", "0-1", "2-3", "2", "3");
    assertThat(outcomes).containsExactly("0", "1", "2", sent.error);
    // the limit is known now, so larger batches are not sent
    sent.parts.clear();
    assertThat(send(numbers(4), Deadline.after(LONG), -1)).containsExactly("0", "1", "2", "3");
    assertThat(sent.parts).containsExactly("0", "1", "2", "3");
  }

  private Object[] send(List<Name> requests, Deadline deadline, int refused) {
    sent.refused = refused;
    return DivisibleBatch.send(
        sent, requests, StatementContext.batched(requests.size(), 0, deadline));
  }

  private static List<Name> numbers(int count) {
    return IntStream.range(0, count).mapToObj(Name::new).toList();
  }

  /** A request of 1,000 bytes. Its answer is its value. */
  private record Name(int value) implements Request {
    @Override
    public int bytes() {
      return 1_000;
    }

    @Override
    public ServerFunction function() {
      throw new UnsupportedOperationException();
    }

    @Override
    public String toString() {
      return Integer.toString(value);
    }
  }

  /** Answers each number, and fails for parts that contain a rejected number. */
  private static final class Sent implements Statements<Name, String> {
    private final StatementExecutor executor =
        new StatementExecutor(
            () -> {
              throw new SQLException("unused");
            },
            NameRequest.settings(null, LONG),
            NameRequest.FUNCTIONS);
    final List<String> parts = new ArrayList<>();
    final FunctionCallException shared = new FunctionCallException(Code.SERVER_ERROR, "shared");
    final FunctionCallException interrupted =
        new FunctionCallException(Code.INTERRUPTED, "interrupted");
    FunctionCallException error = new FunctionCallException(Code.SERVER_ERROR, "refused");
    @Nullable Error thrown;
    String interruptedAt = "";
    boolean isOfOne = true;
    int refused;
    int losses;

    @Override
    public Object[] several(List<Name> requests, StatementContext context) {
      assertThat(context.calls()).isEqualTo(requests.size());
      String part =
          requests.get(0) + (requests.size() > 1 ? "-" + requests.get(requests.size() - 1) : "");
      parts.add(part);
      if (part.equals(interruptedAt)) {
        throw interrupted;
      }
      if (parts.size() <= losses || requests.contains(new Name(refused))) {
        if (thrown != null) {
          throw thrown;
        }
        throw error;
      }
      return requests.stream().map(Objects::toString).toArray();
    }

    @Override
    public StatementExecutor executor() {
      return executor;
    }

    @Override
    public String one(Name request, StatementContext context) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean isOfOneRequest(FunctionCallException error, int failures) {
      return isOfOne && error.code() != Code.TIMEOUT;
    }

    @Override
    public FunctionCallException shared(FunctionCallException error) {
      return isOfOne ? error : shared;
    }
  }
}
