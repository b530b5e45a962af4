// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.jr.ob.JSON;

/**
 * Another JVM with the same class path. It is asked on its standard input and answers on its
 * standard output, a line of JSON each. It ends when this one does, as its input ends then.
 */
public final class ChildJvm implements AutoCloseable {
  /** The variable with a password, which others could read on a command line. */
  public static final String PASSWORD = "PG_HELLO_BENCH_PASSWORD";

  // for what a program does when it is told to end
  private static final Duration GRACE = Duration.ofSeconds(20);

  private final Process process;
  private final PrintWriter in;
  private final BufferedReader out;
  private final Thread errors;

  private ChildJvm(Process process, Consumer<String> err) {
    this.process = process;
    in = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    out = process.inputReader(StandardCharsets.UTF_8);
    BufferedReader lines = process.errorReader(StandardCharsets.UTF_8);
    errors = new Thread(() -> lines.lines().forEach(err), "errors of a JVM");
    errors.setDaemon(true);
    errors.start();
  }

  /** Answers requests of the JVM that started this one. */
  public interface Handler<T> {
    Object answer(T request) throws Exception;
  }

  /** Starts a program whose errors are shown on those of this one. */
  public static ChildJvm start(
      String program, List<String> options, List<String> arguments, Map<String, String> environment)
      throws IOException {
    return start(program, options, arguments, environment, System.err::println);
  }

  /** Starts a program that measures, and that gets the password of a database. */
  public static ChildJvm start(
      Class<?> program, Address address, List<String> options, Object... arguments)
      throws IOException {
    List<String> texts = Stream.of(arguments).map(String::valueOf).toList();
    Map<String, String> password = Map.of(PASSWORD, address.password());
    return start(program.getName(), measuring(options.toArray(String[]::new)), texts, password);
  }

  /** Starts a program, the class of this name, with more variables than those of this JVM. */
  public static ChildJvm start(
      String program,
      List<String> options,
      List<String> arguments,
      Map<String, String> environment,
      Consumer<String> err)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // before the options, which may name another class path
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(options);
    command.add(program);
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    return new ChildJvm(builder.start(), err);
  }

  /** Returns the options of a JVM that measures as this one does, and these. */
  public static List<String> measuring(String... options) {
    List<String> all = new ArrayList<>(List.of(options));
    // a peer's transport is native
    all.add("--enable-native-access=ALL-UNNAMED");
    for (String name : System.getProperties().stringPropertyNames()) {
      if (name.startsWith("pghello.")) {
        all.add("-D" + name + "=" + System.getProperty(name));
      }
    }
    return all;
  }

  /** Returns the process, whose CPU time others may count. */
  public ProcessHandle handle() {
    return process.toHandle();
  }

  /** Ends the JVM after this time; at first so that it can stop the processes it has started. */
  public void endAfter(Duration timeout) {
    CompletableFuture.delayedExecutor(timeout.toMillis(), MILLISECONDS).execute(process::destroy);
    CompletableFuture.delayedExecutor(timeout.plus(GRACE).toMillis(), MILLISECONDS)
        .execute(process::destroyForcibly);
  }

  /** Sends a request. */
  public void send(Object request) {
    in.println(JSON.std.asString(request));
  }

  /** Waits for the next message; returns null at the end of the output. */
  public <T> @Nullable T receive(Class<T> type) throws IOException {
    String line = readLine();
    return line == null ? null : JSON.std.beanFrom(type, line);
  }

  @Nullable String readLine() throws IOException {
    return out.readLine();
  }

  /** Waits until it has ended, and returns its exit code. */
  public int waitFor() throws InterruptedException {
    int status = process.waitFor();
    // a program that it left behind may hold them open
    errors.join(GRACE.toMillis());
    return status;
  }

  /** Ends it, if it still runs. */
  @Override
  public void close() {
    process.destroy();
  }

  /** Answers requests of the JVM that started this one until there are no more. */
  public static <T> void serve(Class<T> type, Handler<T> handler) throws Exception {
    PrintStream out = System.out;
    var requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String line;
    while ((line = requests.readLine()) != null) {
      say(out, handler.answer(JSON.std.beanFrom(type, line)));
    }
  }

  /** Sends the JVM that started this one a message that answers no request. */
  public static void say(PrintStream out, Object message) {
    out.println(JSON.std.asString(message));
  }

  /** Ends this JVM, which takes no requests, when the one that started it ends. */
  public static void endWithParent() {
    var watch = new Thread(ChildJvm::awaitEndOfInput, "end with parent");
    watch.setDaemon(true);
    watch.start();
  }

  private static void awaitEndOfInput() {
    try {
      System.in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      // it is gone, too
    }
    System.exit(1);
  }
}
