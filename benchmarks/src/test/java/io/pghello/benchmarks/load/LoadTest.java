// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.benchmarks.harness.SampleNames;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LoadTest {
  private static final int MILLIS = 20;

  private final AtomicInteger calls = new AtomicInteger();

  private static Load load(int inFlight) {
    return new Load(SampleNames.USUAL, inFlight, MILLIS);
  }

  private String greet(String name) {
    calls.incrementAndGet();
    return "Hello, " + name + "!";
  }

  @Test
  void countsTheCallsOfThreads() throws Exception {
    Load.Figures figures = load(3).threads(Thread::new, this::greet);
    assertThat(figures.calls()).isEqualTo(calls.get()).isGreaterThanOrEqualTo(3);
    assertThat(figures.nanos()).isGreaterThanOrEqualTo(MILLIS * 1_000_000L);
    assertThat(figures.thousandsPerSecond()).isEqualTo(figures.calls() * 1e6 / figures.nanos());
    assertThat(figures.latencies().getTotalCount()).isEqualTo(figures.calls());
    assertThat(figures.latencies().getMaxValue()).isBetween(1L, 2 * figures.nanos());
  }

  @Test
  void countsTheCallsOfFutures() throws Exception {
    Load.Figures figures =
        load(3)
            .futures(
                (name, answer) -> {
                  var unused =
                      CompletableFuture.supplyAsync(() -> greet(name)).whenComplete(answer);
                });
    assertThat(figures.calls()).isEqualTo(calls.get()).isGreaterThanOrEqualTo(3);
  }

  @Test
  void makesCallsAtTheGivenRate() throws Exception {
    Load.Figures figures =
        load(3).atRate(1_000, (name, answer) -> answer.accept(greet(name), null));
    assertThat(figures.calls()).isEqualTo(calls.get()).isEqualTo(MILLIS);
  }

  @Test
  void aCallThatComesLateHasWaited() throws Exception {
    int stallMillis = MILLIS + 10;
    Load.Figures figures =
        load(3)
            .atRate(
                1_000,
                (name, answer) -> {
                  if (calls.get() == 0) {
                    sleep(stallMillis);
                  }
                  answer.accept(greet(name), null);
                });
    assertThat(figures.latencies().getMinValue()).isGreaterThan(10 * 1_000_000L * 9 / 10);
  }

  private static void sleep(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void countsTheNamesOfCallsInARow() throws Exception {
    Load.Figures figures = load(3).inARow((names, count) -> calls.addAndGet(count));
    assertThat(figures.calls()).isEqualTo(calls.get()).isGreaterThanOrEqualTo(3);
  }

  @Test
  void measuresAllocationsOfItsThreads() throws Exception {
    int bytes = 100_000;
    Load.Figures figures =
        load(2)
            .threads(
                Thread::new,
                name -> {
                  Thread.sleep(1);
                  return greet(
                      new String(new byte[bytes], StandardCharsets.ISO_8859_1).isEmpty()
                          ? ""
                          : name);
                });
    assertThat(figures.allocated()).isGreaterThanOrEqualTo(figures.calls() * bytes);
  }

  @Test
  void namesHaveTheirLength() {
    for (int bytes : new int[] {8, 1_000, 1 << 20}) {
      SampleNames names = SampleNames.ofLength(bytes);
      assertThat(names.list(3)).doesNotHaveDuplicates().allMatch(name -> name.length() == bytes);
      names.check(2, "Hello, " + names.name(2) + "!");
    }
  }

  @Test
  void aWrongAnswerFails() {
    assertThatThrownBy(() -> load(1).threads(Thread::new, name -> "Hello, you!"))
        .hasRootCauseMessage("expected \"Hello, Name0000000!\", but got \"Hello, you!\"");
    assertThatThrownBy(() -> load(1).atRate(1_000, (name, a) -> a.accept("Hello, you!", null)))
        .hasRootCauseMessage("expected \"Hello, Name0000000!\", but got \"Hello, you!\"");
    assertThatThrownBy(() -> load(1).futures((name, answer) -> answer.accept(null, null)))
        .hasRootCauseMessage("expected \"Hello, Name0000000!\", but got \"null\"");
  }

  @Test
  void aFailedCallFails() {
    var failure = new SQLException("lost");
    assertThatThrownBy(
            () ->
                load(2)
                    .threads(
                        Thread::new,
                        name -> {
                          throw failure;
                        }))
        .hasRootCause(failure);
    assertThatThrownBy(() -> load(2).futures((name, a) -> a.accept(null, failure)))
        .hasRootCause(failure);
    assertThatThrownBy(() -> load(2).atRate(1_000, (name, a) -> a.accept(null, failure)))
        .hasRootCause(failure);
  }

  @Test
  void anErrorOfOneCallerFails() {
    var error = new StackOverflowError();
    assertThatThrownBy(() -> load(2).threads(Thread::new, name -> greetOrThrow(name, error)))
        .hasRootCause(error);
    calls.set(0);
    assertThatThrownBy(
            () -> load(1).futures((name, a) -> a.accept(greetOrThrow(name, error), null)))
        .hasRootCause(error);
  }

  /** Greets at the first call, and throws at later calls. */
  private String greetOrThrow(String name, Error error) {
    String greeting = greet(name);
    if (calls.get() > 1) {
      throw error;
    }
    return greeting;
  }

  @Test
  void missingAnswersFail() {
    assertThatThrownBy(() -> SampleNames.USUAL.check(2, List.of("Hello, Name0000000!")))
        .hasMessage("expected 2 greetings, but got 1");
  }
}
