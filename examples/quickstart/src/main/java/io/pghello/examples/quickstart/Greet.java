// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.BufferedInputStream;
import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.Serial;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** Prints a greeting for each name, computed by PostgreSQL. */
@Command(
    name = "demo",
    description = "Greets names. A real PostgreSQL server computes the greetings.",
    customSynopsis = "./dev demo [OPTIONS] [NAME...]",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all names were greeted",
      "1:a name, the extension or the server cannot be used",
      "2:the command line is wrong"
    })
public final class Greet implements Callable<Integer> {
  private static final int LINES_PER_FLUSH = 256;
  private static final long PROGRESS_NANOS = 250_000_000;

  private final InputStream in;
  private final Writer out;
  private final PrintStream err;
  private final boolean progress;

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = {
        "Names to greet. Default: World.",
        "A single - reads names from standard input, one per line."
      })
  private List<String> names = List.of("World");

  @Option(
      names = "--repeat",
      paramLabel = "N",
      description = {
        "Repeat each greeting N times, 1 to 10.",
        "Default: the server's setting pg_hello.repeat, usually 1."
      })
  private @Nullable Integer repeat;

  @Option(
      names = "--url",
      paramLabel = "JDBC-URL",
      description = {
        "JDBC URL of a database that has the extension,",
        "e.g. jdbc:postgresql://HOST/DATABASE?user=USER&password=PASSWORD.",
        "Default: a PostgreSQL server started for this run."
      })
  private @Nullable String url;

  @SuppressWarnings("UnusedVariable")
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this text.")
  private boolean help;

  private Greet(InputStream in, OutputStream out, PrintStream err, boolean progress) {
    this.in = in;
    this.out = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
    this.err = err;
    this.progress = progress;
  }

  /**
   * Runs the program and exits with its exit code.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    var out = new FileOutputStream(FileDescriptor.out);
    var err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    // Java cannot detect whether standard error is a terminal, but ./dev can
    boolean progress = System.getenv("PG_HELLO_PROGRESS") != null;
    System.exit(run(args, System.in, out, err, progress));
  }

  /** Runs the program with the given streams and returns the exit code. */
  static int run(
      String[] args, InputStream in, OutputStream out, PrintStream err, boolean progress) {
    return new CommandLine(new Greet(in, out, err, progress))
        .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
        .setExpandAtFiles(false)
        .setParameterExceptionHandler((e, arguments) -> misused(e, err))
        .setExecutionExceptionHandler((e, command, result) -> failed(e, err))
        .execute(args);
  }

  @Override
  public Integer call() throws IOException {
    if (repeat != null && (repeat < 1 || repeat > 10)) {
      throw usage("--repeat must be between 1 and 10, but is " + repeat);
    }
    if (url != null) {
      if (!url.startsWith("jdbc:postgresql:")) {
        throw usage("--url must begin with jdbc:postgresql:");
      }
      return greet(url);
    }
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase()) {
      return greet(database.jdbcUrl());
    }
  }

  private Integer greet(String jdbcUrl) throws IOException {
    try (PgHelloClient client = PgHelloClient.builder().url(jdbcUrl).build()) {
      if (names.equals(List.of("-"))) {
        return greetLines(client);
      }
      for (String name : names) {
        write(greeting(client, name));
      }
      flush();
      return ExitCode.OK;
    }
  }

  private Integer greetLines(PgHelloClient client) throws IOException {
    var input = new BufferedInputStream(in, 1 << 16);
    long line = 0;
    long shown = System.nanoTime();
    try {
      for (byte[] name; (name = readLine(input)) != null; ) {
        line++;
        write(greeting(client, decode(name)));
        // flush only if no further name is available, so that many greetings are written together
        if (input.available() == 0 || line % LINES_PER_FLUSH == 0) {
          flush();
        }
        if (progress && System.nanoTime() - shown > PROGRESS_NANOS) {
          shown = System.nanoTime();
          err.print("\r" + line + " names");
        }
      }
      return ExitCode.OK;
    } catch (CharacterCodingException e) {
      throw new IOException("line " + line + " is not UTF-8", e);
    } catch (FunctionCallException e) {
      throw new IOException("line " + line + ": " + e.getMessage(), e);
    } finally {
      flush();
      if (progress) {
        err.print("\r" + line + " names\n");
      }
    }
  }

  /** Returns the next line without its line break; null at the end of the input. */
  private static byte @Nullable [] readLine(InputStream input) throws IOException {
    var line = new ByteArrayOutputStream();
    int next = input.read();
    if (next < 0) {
      return null;
    }
    while (next >= 0 && next != '\n') {
      line.write(next);
      next = input.read();
    }
    return line.toByteArray();
  }

  private static String decode(byte[] line) throws CharacterCodingException {
    String name = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
    return name.endsWith("\r") ? name.substring(0, name.length() - 1) : name;
  }

  /** Thrown if the output cannot be written. */
  private static final class UnwritableException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    UnwritableException(IOException cause) {
      super("could not write: " + cause.getMessage(), cause);
    }

    /**
     * Returns whether the reader has closed the pipe, as {@code head} does. This is not an error.
     */
    boolean isClosedPipe() {
      return String.valueOf(getMessage()).contains("Broken pipe");
    }
  }

  private void write(String line) {
    try {
      out.write(line);
      out.write('\n');
    } catch (IOException e) {
      throw new UnwritableException(e);
    }
  }

  private void flush() {
    try {
      out.flush();
    } catch (IOException e) {
      throw new UnwritableException(e);
    }
  }

  private String greeting(PgHelloClient client, String name) {
    return repeat == null ? client.hello(name) : client.hello(name, repeat);
  }

  private ParameterException usage(String message) {
    return new ParameterException(new CommandLine(this), message);
  }

  private static int misused(ParameterException e, PrintStream err) {
    err.println("demo: " + e.getMessage() + " (see ./dev demo --help)");
    return ExitCode.USAGE;
  }

  /** Prints the error on one line, without a stack trace. */
  private static int failed(Exception e, PrintStream err) {
    if (e instanceof UnwritableException unwritable && unwritable.isClosedPipe()) {
      return ExitCode.OK;
    }
    if (e instanceof FunctionCallException
        || e instanceof IOException
        || e instanceof UncheckedIOException
        || e instanceof UnwritableException
        || e instanceof IllegalStateException) {
      err.println("demo: " + e.getMessage());
    } else {
      err.println("demo: this is a bug in the program; please report it:");
      e.printStackTrace(err);
    }
    return ExitCode.SOFTWARE;
  }
}
