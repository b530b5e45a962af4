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
 * A child JVM with the class path of this JVM. The child reads requests from its standard input and
 * writes responses to its standard output. Each message is one line of JSON. The child exits when
 * its input ends, and therefore also when this JVM exits.
 */
public final class ChildJvm implements AutoCloseable {
  /**
   * The environment variable that contains a password. The password is not passed on the command
   * line, because other users can read command lines.
   */
  public static final String PASSWORD = "PG_HELLO_BENCH_PASSWORD";

  // the time allowed for shutdown hooks
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

  /** Handles requests from the parent JVM. */
  public interface Handler<T> {
    Object answer(T request) throws Exception;
  }

  /** Starts a program that shares this JVM's standard error. */
  public static ChildJvm start(
      String program, List<String> options, List<String> arguments, Map<String, String> environment)
      throws IOException {
    return start(program, options, arguments, environment, System.err::println);
  }

  /** Starts a program for measurements, and passes the password of a database to it. */
  public static ChildJvm start(
      Class<?> program, Address address, List<String> options, Object... arguments)
      throws IOException {
    List<String> texts = Stream.of(arguments).map(String::valueOf).toList();
    Map<String, String> password = Map.of(PASSWORD, address.password());
    return start(program.getName(), measuring(options.toArray(String[]::new)), texts, password);
  }

  /** Starts a program by its class name, with additional environment variables. */
  public static ChildJvm start(
      String program,
      List<String> options,
      List<String> arguments,
      Map<String, String> environment,
      Consumer<String> err)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // the class path precedes the options, because the options may contain another class path,
    // which takes precedence
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(options);
    command.add(program);
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    return new ChildJvm(builder.start(), err);
  }

  /** Returns the given options, followed by the options that every JVM for measurements needs. */
  public static List<String> measuring(String... options) {
    List<String> all = new ArrayList<>(List.of(options));
    // the native transport of the Vert.x peer needs this option
    all.add("--enable-native-access=ALL-UNNAMED");
    for (String name : System.getProperties().stringPropertyNames()) {
      if (name.startsWith("pg-hello.")) {
        all.add("-D" + name + "=" + System.getProperty(name));
      }
    }
    return all;
  }

  /** Returns the process, for measuring its CPU time. */
  public ProcessHandle handle() {
    return process.toHandle();
  }

  /** Stops the JVM after a timeout. If its shutdown hooks take too long, kills the JVM. */
  public void endAfter(Duration timeout) {
    CompletableFuture.delayedExecutor(timeout.toMillis(), MILLISECONDS).execute(process::destroy);
    CompletableFuture.delayedExecutor(timeout.plus(GRACE).toMillis(), MILLISECONDS)
        .execute(process::destroyForcibly);
  }

  /** Sends a request. */
  public void send(Object request) {
    in.println(JSON.std.asString(request));
  }

  /** Returns the next message; null at the end of the output. */
  public <T> @Nullable T receive(Class<T> type) throws IOException {
    String line = readLine();
    return line == null ? null : JSON.std.beanFrom(type, line);
  }

  @Nullable String readLine() throws IOException {
    return out.readLine();
  }

  /** Waits until the JVM exits, and returns its exit code. */
  public int waitFor() throws InterruptedException {
    int status = process.waitFor();
    // limit the time, because a child process that is still running may keep the stream open
    errors.join(GRACE.toMillis());
    return status;
  }

  /** Kills the JVM if it is still running. */
  @Override
  public void close() {
    process.destroy();
  }

  /** Handles requests from the parent JVM until there are no more. */
  public static <T> void serve(Class<T> type, Handler<T> handler) throws Exception {
    PrintStream out = System.out;
    var requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String line;
    while ((line = requests.readLine()) != null) {
      sendToParent(out, handler.answer(JSON.std.beanFrom(type, line)));
    }
  }

  /** Sends the parent JVM a message that is not a response to a request. */
  public static void sendToParent(PrintStream out, Object message) {
    out.println(JSON.std.asString(message));
  }

  /**
   * Makes this JVM exit when its parent exits. Intended for programs that do not handle requests.
   */
  public static void endWithParent() {
    var watch = new Thread(ChildJvm::awaitEndOfInput, "end with parent");
    watch.setDaemon(true);
    watch.start();
  }

  private static void awaitEndOfInput() {
    try {
      System.in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      // the parent has exited
    }
    System.exit(1);
  }
}
