// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs the program of {@code ./dev demo} with various command lines. */
@PgHelloTest
@Timeout(120)
class GreetIT {
  private record Result(int status, String out, String err) {}

  private static Result greet(InputStream in, boolean progress, String... args) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    int status =
        Greet.run(args, in, out, new PrintStream(err, true, StandardCharsets.UTF_8), progress);
    return new Result(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static Result greet(String... args) {
    return greet(InputStream.nullInputStream(), false, args);
  }

  private static InputStream input(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void startsAServerByDefault() {
    assertThat(greet("Ada", "Grace")).isEqualTo(new Result(0, "Hello, Ada!\nHello, Grace!\n", ""));
  }

  @Test
  void greetsTheWorldByDefault(TestDatabase database) {
    assertThat(greet("--url", database.jdbcUrl())).isEqualTo(new Result(0, "Hello, World!\n", ""));
  }

  @Test
  void repeats(TestDatabase database) {
    assertThat(greet("--repeat", "2", "--url", database.jdbcUrl(), "Ada"))
        .isEqualTo(new Result(0, "Hello, Ada! Hello, Ada!\n", ""));
  }

  @Test
  void greetsLinesInOrder(TestDatabase database) {
    String names =
        IntStream.range(0, 5000).mapToObj(i -> "u" + i + "\n").collect(Collectors.joining());
    String greetings =
        IntStream.range(0, 5000)
            .mapToObj(i -> "Hello, u" + i + "!\n")
            .collect(Collectors.joining());
    assertThat(greet(input(names), false, "--url", database.jdbcUrl(), "-"))
        .isEqualTo(new Result(0, greetings, ""));
  }

  @Test
  void takesLinesAsTheyAre(TestDatabase database) {
    assertThat(
            greet(input("Zoë\r\n\n O'Brien \n@x\nlast"), false, "--url", database.jdbcUrl(), "-")
                .out())
        .isEqualTo("Hello, Zoë!\nHello, !\nHello,  O'Brien !\nHello, @x!\nHello, last!\n");
    assertThat(greet(input(""), false, "--url", database.jdbcUrl(), "-").out()).isEmpty();
  }

  @Test
  void greetsALineWhenItComes(TestDatabase database) throws Exception {
    var in = new PipedInputStream();
    try (in;
        var greetings = new PipedInputStream();
        var out = new PipedOutputStream(greetings)) {
      var demo =
          new Thread(
              () ->
                  Greet.run(
                      new String[] {"--url", database.jdbcUrl(), "-"},
                      in,
                      out,
                      new PrintStream(OutputStream.nullOutputStream()),
                      false));
      try (var names = new PipedOutputStream(in)) {
        demo.start();
        for (String name : List.of("one", "two")) {
          names.write((name + "\n").getBytes(StandardCharsets.UTF_8));
          names.flush();
          String expected = "Hello, " + name + "!\n";
          // this call blocks until the greeting arrives, while the input stays open
          assertThat(new String(greetings.readNBytes(expected.length()), StandardCharsets.UTF_8))
              .isEqualTo(expected);
        }
      }
      demo.join();
    }
  }

  @Test
  void reportsTheInvalidLineAfterEarlierGreetings(TestDatabase database) {
    Result nul = greet(input("a\nsecret\0\nc\n"), false, "--url", database.jdbcUrl(), "-");
    assertThat(nul.status()).isEqualTo(1);
    assertThat(nul.out()).isEqualTo("Hello, a!\n");
    assertThat(nul.err()).startsWith("demo: line 2: ").contains("U+0000").doesNotContain("secret");

    var latin1 = new ByteArrayInputStream("a\nZo\u00eb\n".getBytes(StandardCharsets.ISO_8859_1));
    Result bytes = greet(latin1, false, "--url", database.jdbcUrl(), "-");
    assertThat(bytes).isEqualTo(new Result(1, "Hello, a!\n", "demo: line 2 is not UTF-8\n"));
  }

  @Test
  void endsQuietlyIfTheOutputIsClosed(TestDatabase database) throws IOException {
    var read = new ArrayList<Integer>();
    var pipe =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            if (read.size() == 10_000) {
              throw new IOException("Broken pipe");
            }
            read.add(b);
          }
        };
    InputStream names = input("x\n".repeat(100_000));
    var err = new ByteArrayOutputStream();
    int status =
        Greet.run(
            new String[] {"--url", database.jdbcUrl(), "-"},
            names,
            pipe,
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false);
    assertThat(status).isZero();
    assertThat(err.size()).isZero();
    assertThat(names.available()).as("it did not read on").isPositive();
  }

  @Test
  void reportsAFullDisk(TestDatabase database) {
    var full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    for (String name : List.of("Ada", "-")) {
      var err = new ByteArrayOutputStream();
      int status =
          Greet.run(
              new String[] {"--url", database.jdbcUrl(), name},
              input("Ada\n"),
              full,
              new PrintStream(err, true, StandardCharsets.UTF_8),
              false);
      assertThat(status).isEqualTo(1);
      assertThat(err.toString(StandardCharsets.UTF_8))
          .isEqualTo("demo: could not write: No space left on device\n");
    }
  }

  @Test
  void showsProgressOnlyOnATerminal(TestDatabase database) {
    assertThat(greet(input("a\nb\n"), true, "--url", database.jdbcUrl(), "-").err())
        .endsWith("\r2 names\n");
    assertThat(greet(input("a\nb\n"), false, "--url", database.jdbcUrl(), "-").err()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "--repeat 0, between 1 and 10",
    "--repeat 11, between 1 and 10",
    "--repeat many, --repeat",
    "--url jdbc:mysql://x, must begin with jdbc:postgresql:",
    "--bogus, --bogus"
  })
  void refusesAWrongCommandLineInOneLine(String args, String reason) {
    Result result = greet(args.split(" "));
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines())
        .hasSize(1)
        .first()
        .asString()
        .startsWith("demo: ")
        .contains(reason);
  }

  @Test
  void reportsAnUnreachableServerInOneLine() {
    Result result = greet("--url", "jdbc:postgresql://127.0.0.1:1/x?user=u&password=secret", "Ada");
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).startsWith("demo: ").contains("refused").doesNotContain("secret");
  }

  @Test
  void helps() {
    Result result = greet("--help");
    assertThat(result.status()).isZero();
    assertThat(result.out()).startsWith("Usage: ./dev demo [OPTIONS] [NAME...]").contains("--url");
  }
}
